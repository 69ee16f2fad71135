// A host under steady good traffic, first alone, then with a tenth of all requests hostile; and what became of it and of the neighbours. Must never measure the two phases in different ways.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeClient } from '../helpers/client.ts';
import { openTestDatabase } from '../helpers/postgres.ts';
import { makeRandom } from '../helpers/random.ts';
import { type Belongings, type Sample, slopePerMinute } from './belongings.ts';
import { type HostProcess, startHostProcess } from './host-process.ts';
import { HostilePhases } from './hostile-phases.ts';
import type { HostileSoakOptions, HostileSoakReport } from './hostile-report.ts';
import { openHostile, setUpSql } from './hostile-traffic.ts';

const minuteMs = 60_000;
/** Beside the mixed phase, in parts of it. */
const warmUpShare = 0.07;
/** After the host was at rest: what it gave back it takes again. */
const warmUpAgainShare = 0.03;
const quietShare = 0.13;
/** Memory of a host that has just met its first attacks still settles. */
const settlingShare = 0.25;
const bytesPerMb = 1_024 * 1_024;
/** Wards of the hostile tenants may still be there, idle: each has a pipe, which is a descriptor, and with its process two handles. */
const idleWards = 24;

/** What must not have grown, whatever the machine. */
const compare = (what: string, before: Belongings, after: Belongings, slack: Partial<Belongings>): readonly string[] =>
  (Object.keys(before) as (keyof Belongings)[])
    .filter((name) => after[name] > before[name] + (slack[name] ?? 0))
    .map((name) => `${what}: ${name} went from ${String(before[name])} to ${String(after[name])}`);

const measure = async (options: HostileSoakOptions, host: HostProcess, databaseUrl: string, folder: string): Promise<HostileSoakReport> => {
  const closedBefore = await host.belongings();
  const client = makeClient(await host.open(databaseUrl, join(folder, 'ledger.ndjson')));
  const samples: Sample[] = [];
  let minutesTold = 0;
  const phases = new HostilePhases({
    client,
    hostile: await openHostile(makeRandom(options.seed), options.only),
    async onSample(phase, sinceMs) {
      const memory = await host.memory();
      const [rssMb, heapMb, bufferMb] = [memory.rss, memory.heapTotal, memory.arrayBuffers].map((bytes) => bytes / bytesPerMb) as [
        number,
        number,
        number,
      ];
      if (phase === 'mixed') samples.push({ minute: sinceMs / minuteMs, rssMb });
      if (Math.floor(sinceMs / minuteMs) === minutesTold) return;
      minutesTold = Math.floor(sinceMs / minuteMs);
      options.onProgress?.(
        `${phase}: ${String(minutesTold)} min, ${rssMb.toFixed(0)} MB (heap ${heapMb.toFixed(0)}, buffers ${bufferMb.toFixed(0)}), ${String(phases.faults.length)} faults`,
      );
    },
  });
  const rest = async (): Promise<void> => {
    client.dropConnections();
    await host.rest();
  };

  const mixedMs = options.minutes * minuteMs;
  await phases.run('warming up', mixedMs * warmUpShare, false);
  await rest();
  const before = await host.belongings();
  const restedBefore = await host.memory();
  await phases.run('warming up again', mixedMs * warmUpAgainShare, false);
  await host.lateness();
  const quiet = await phases.run('quiet', mixedMs * quietShare, false);
  const quietLoopDelayMs = await host.lateness();
  const mixed = await phases.run('mixed', mixedMs, true);
  const loopDelayMs = await host.lateness();
  const asked = phases.neighboursAsked;
  await rest();
  const after = await host.belongings();
  const restedAfter = await host.memory();
  await host.closeRuntime();
  const closedAfter = await host.belongings();
  const settled = samples.filter(({ minute }) => minute * minuteMs >= mixedMs * settlingShare);
  return {
    quiet,
    mixed,
    hostile: phases.hostileSent,
    hostileShare: phases.hostileSent / (phases.hostileSent + asked),
    answers: phases.answers,
    rssMb: [settled[0]?.rssMb ?? 0, settled.at(-1)?.rssMb ?? 0],
    rssSlopeMb: slopePerMinute(settled),
    restedRssMb: [restedBefore.rss / bytesPerMb, restedAfter.rss / bytesPerMb],
    quietLoopDelayMs,
    loopDelayMs,
    before,
    after,
    closedBefore,
    closedAfter,
    faults: [
      ...phases.faults,
      ...compare('at rest', before, after, {
        processes: idleWards,
        descriptors: idleWards + 8,
        handles: 2 * idleWards + 8,
        threads: 2,
      }),
      // Connections to the database and the thread pool stay a moment.
      ...compare('after closing', closedBefore, closedAfter, { descriptors: 4, handles: 4, threads: 8 }),
    ],
  };
};

export const runHostileSoak = async (options: HostileSoakOptions): Promise<HostileSoakReport> => {
  const database = await openTestDatabase(setUpSql);
  const folder = await mkdtemp(join(tmpdir(), 'cloister-soak-'));
  // A folder of its own: others on the machine make temporary files too.
  const temporary = join(folder, 'temporary');
  await mkdir(temporary);
  const host = startHostProcess(temporary);
  try {
    return await measure(options, host, database.url, folder);
  } finally {
    await host.end();
    await rm(folder, { recursive: true, force: true });
    await database.close();
  }
};
