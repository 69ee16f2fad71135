// A runtime under steady good traffic, first alone, then with a tenth of all requests hostile; and what became of host and neighbours. Must never look away from a fault it counted.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHistogram, monitorEventLoopDelay, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { openTestDatabase } from '../helpers/postgres.ts';
import { makeRandom } from '../helpers/random.ts';
import { findSandboxProcesses, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';
import { type Belongings, countBelongings, hostRssMb, type Sample, slopePerMinute } from './belongings.ts';
import type { HostileSoakOptions, HostileSoakReport, Phase } from './hostile-report.ts';
import {
  type Asked,
  askNeighbour,
  canary,
  hostileCeiling,
  hostileFolders,
  makeExtensions,
  type NeighbourName,
  neighbourNames,
  openHostile,
  setUpSql,
} from './hostile-traffic.ts';

const minuteMs = 60_000;
/** A neighbour asks once in so long, whether it has its answer or not. */
const periodMs = 250;
/** One hostile request to so many of the neighbours'. */
const neighboursPerHostile = 9;
const hostileAtOnce = 6;
const warmUpShare = 0.1;
const quietShare = 0.15;
/** Memory of a host that has just met its first attacks still settles. */
const settlingShare = 0.25;
const sampleMs = 2_000;
const progressMs = 60_000;
const restMs = 60_000;
/** What is destroyed takes a turn or two to go. */
const goneMs = 500;
const nanosecondsPerMs = 1e6;
const maxWards = 24;
const loopTickMs = 5;
/** What is measured is from tick to tick. */
const lateMs = (nanoseconds: number): number => Math.max(0, nanoseconds / nanosecondsPerMs - loopTickMs);

type Histograms = Readonly<Record<NeighbourName, RecordableHistogram>>;

class HostileSoak {
  readonly #runtime: TestRuntime;
  readonly #options: HostileSoakOptions;
  readonly #hostile: () => Asked;
  readonly faults: string[] = [];
  readonly answers = new Map<string, Map<string, number>>();
  readonly #failed = new Map<string, number>();
  #histograms: Histograms = makeHistograms();
  #asked = 0;
  hostileSent = 0;
  #running = new Set<Promise<void>>();

  constructor(runtime: TestRuntime, options: HostileSoakOptions, hostile: () => Asked) {
    this.#runtime = runtime;
    this.#options = options;
    this.#hostile = hostile;
  }

  /** Neighbours, and the hostile where `mixed`, for so long. */
  async phase(
    name: string,
    durationMs: number,
    mixed: boolean,
    onSample: (sinceMs: number) => void,
  ): Promise<Readonly<Record<NeighbourName, Phase>>> {
    this.#histograms = makeHistograms();
    this.#failed.clear();
    this.#asked = 0;
    const began = performance.now();
    const end = began + durationMs;
    let sampled = began;
    let told = began;
    for (let round = 0; performance.now() < end; round += 1) {
      for (const neighbour of neighbourNames) this.#track(this.#askNeighbour(askNeighbour(neighbour, round), neighbour));
      if (mixed) this.#sendHostile();
      const now = performance.now();
      if (now - sampled >= sampleMs) {
        sampled = now;
        onSample(now - began);
      }
      if (now - told >= progressMs) {
        told = now;
        this.#options.onProgress?.(
          `${name}: ${String(Math.round((now - began) / minuteMs))} min, ${hostRssMb().toFixed(0)} MB, ${String(this.faults.length)} faults`,
        );
      }
      // What is late is not caught up with: a burst would be a load nobody asked for.
      await sleep(Math.max(1, began + (round + 1) * periodMs - performance.now()));
    }
    await Promise.all(this.#running);
    return Object.fromEntries(neighbourNames.map((neighbour) => [neighbour, this.#phaseOf(neighbour)])) as unknown as Readonly<
      Record<NeighbourName, Phase>
    >;
  }

  get neighboursAsked(): number {
    return this.#asked;
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  async #askNeighbour({ path, options }: Asked, neighbour: NeighbourName): Promise<void> {
    this.#asked += 1;
    const began = performance.now();
    const status = await this.#runtime.request(path, options).then(
      (reply) => (reply.status === 200 ? null : `${String(reply.status)} ${reply.text.slice(0, 200)}`),
      (error: Error) => error.message,
    );
    this.#histograms[neighbour].record(Math.max(1, Math.round((performance.now() - began) * nanosecondsPerMs)));
    if (status === null) return;
    this.#failed.set(neighbour, (this.#failed.get(neighbour) ?? 0) + 1);
    this.#fault(`neighbour ${neighbour}: ${status}`);
  }

  /** As many as are due, as far as there is room for them. */
  #sendHostile(): void {
    for (let live = this.#live; live < hostileAtOnce && this.hostileSent * neighboursPerHostile < this.#asked; live += 1) {
      this.hostileSent += 1;
      this.#live += 1;
      this.#track(this.#attack(this.#hostile()).finally(() => (this.#live -= 1)));
    }
  }
  #live = 0;

  async #attack({ name, path, options }: Asked): Promise<void> {
    const answer = await this.#runtime.request(path, options).then(
      (reply) => {
        if (reply.text.includes(canary)) this.#fault(`${path}: the canary is in the answer`);
        return reply.status === 200 ? '200' : `${String(reply.status)} ${reply.code}`;
      },
      () => (options.signal?.aborted === true ? 'its client left' : 'cut off'),
    );
    const counts = this.answers.get(name) ?? new Map<string, number>();
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
    this.answers.set(name, counts);
  }

  #fault(text: string): void {
    if (this.faults.length < 1_000) this.faults.push(text);
  }

  /** Until nothing runs and no client holds a connection. */
  async rest(): Promise<void> {
    this.#runtime.dropConnections();
    for (const end = performance.now() + restMs; performance.now() < end; await sleep(100)) {
      const { requests, wards } = this.#runtime.runtime.health();
      if (requests === 0 && findSandboxProcesses().length <= wards) break;
    }
    await sleep(goneMs);
  }

  #phaseOf(neighbour: NeighbourName): Phase {
    const histogram = this.#histograms[neighbour];
    return {
      requests: histogram.count,
      failed: this.#failed.get(neighbour) ?? 0,
      p50Ms: histogram.percentile(50) / nanosecondsPerMs,
      p99Ms: histogram.percentile(99) / nanosecondsPerMs,
      maxMs: histogram.max / nanosecondsPerMs,
    };
  }
}

const makeHistograms = (): Histograms =>
  Object.fromEntries(neighbourNames.map((name) => [name, createHistogram({ figures: 3 })])) as unknown as Histograms;

const openSoakRuntime = (databaseUrl: string, ledger: string): Promise<TestRuntime> =>
  openTestRuntime({
    extensions: makeExtensions(),
    options: {
      database: databaseUrl,
      extensions: [...hostileFolders],
      approvals: { neighbour: 'requested', attacker: 'requested', ...hostileCeiling },
      env: { SECRET: canary },
      identify: (request) => ({ tenant: String(request.headers['x-tenant']), accountability: null }),
      wards: { max: maxWards },
      // As in production, and no larger: what a test keeps of the ledger would look like a leak.
      ledger: { ringSize: 1_000, file: ledger },
    },
    logLevel: 'silent',
  });

/** What must not have grown, whatever the machine. */
const compare = (what: string, before: Belongings, after: Belongings, slack: Partial<Belongings>): readonly string[] =>
  (Object.keys(before) as (keyof Belongings)[])
    .filter((name) => after[name] > before[name] + (slack[name] ?? 0))
    .map((name) => `${what}: ${name} went from ${String(before[name])} to ${String(after[name])}`);

const measure = async (options: HostileSoakOptions, databaseUrl: string, folder: string): Promise<HostileSoakReport> => {
  const closedBefore = countBelongings();
  const runtime = await openSoakRuntime(databaseUrl, join(folder, 'ledger.ndjson'));
  let closed = false;
  try {
    const [refusal] = runtime.runtime.refused();
    if (refusal !== undefined) throw refusal.error;
    const soak = new HostileSoak(runtime, options, await openHostile(makeRandom(options.seed)));
    const totalMs = options.minutes * minuteMs;
    await soak.phase('warming up', totalMs * warmUpShare, false, () => undefined);
    await soak.rest();
    const before = countBelongings();
    const quiet = await soak.phase('quiet', totalMs * quietShare, false, () => undefined);

    const mixedMs = totalMs * (1 - warmUpShare - quietShare);
    const samples: Sample[] = [];
    const delay = monitorEventLoopDelay({ resolution: loopTickMs });
    delay.enable();
    const mixed = await soak.phase('mixed', mixedMs, true, (sinceMs) => samples.push({ minute: sinceMs / minuteMs, rssMb: hostRssMb() }));
    delay.disable();
    const asked = soak.neighboursAsked;
    await soak.rest();
    const after = countBelongings();
    await runtime.close();
    closed = true;
    await sleep(goneMs);
    const closedAfter = countBelongings();
    const settled = samples.filter(({ minute }) => minute * minuteMs >= mixedMs * settlingShare);
    return {
      quiet,
      mixed,
      hostile: soak.hostileSent,
      hostileShare: soak.hostileSent / (soak.hostileSent + asked),
      answers: soak.answers,
      rssMb: [settled[0]?.rssMb ?? 0, settled.at(-1)?.rssMb ?? 0],
      rssSlopeMb: slopePerMinute(settled),
      loopDelayMs: {
        p50: lateMs(delay.percentile(50)),
        p99: lateMs(delay.percentile(99)),
        max: lateMs(delay.max),
      },
      before,
      after,
      closedBefore,
      closedAfter,
      faults: [
        ...soak.faults,
        // Wards of the hostile tenants may still be there, idle: each has a pipe, which is a descriptor, and with its process two handles.
        ...compare('at rest', before, after, { processes: maxWards, descriptors: maxWards + 8, handles: 2 * maxWards + 8, threads: 2 }),
        // Connections to the database and the thread pool stay a moment.
        ...compare('after closing', closedBefore, closedAfter, { descriptors: 4, handles: 4, threads: 8 }),
      ],
    };
  } finally {
    if (!closed) await runtime.close();
  }
};

export const runHostileSoak = async (options: HostileSoakOptions): Promise<HostileSoakReport> => {
  const database = await openTestDatabase(setUpSql);
  const folder = await mkdtemp(join(tmpdir(), 'cloister-soak-'));
  const shared = process.env['TMPDIR'];
  // A folder of its own: others on the machine make temporary files too.
  process.env['TMPDIR'] = join(folder, 'temporary');
  await mkdir(join(folder, 'temporary'));
  try {
    return await measure(options, database.url, folder);
  } finally {
    if (shared === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = shared;
    await rm(folder, { recursive: true, force: true });
    await database.close();
  }
};
