// A chaos run: hosts as processes on one PostgreSQL, under load, while what can fail does. Must never leave a process, a mount or a folder behind.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openOwnPostgres } from '../helpers/own-postgres.ts';
import { makeRandom } from '../helpers/random.ts';
import { openTemporaryFolder } from '../packages/package-writer.ts';
import { type Check, checkAnswers, checkLedgers, checkLeft, checkSchedule } from './checks.ts';
import { adminToken, checkAgreement, checkServed, deployFirst, deployTroubles } from './deploys.ts';
import { extensions, setUp } from './extensions.ts';
import { type Host, makeHost } from './host.ts';
import { startLoad } from './load.ts';
import { makeTroubles, type Outage, pickTrouble, type Trouble } from './troubles.ts';

export interface ChaosOptions {
  readonly forMs: number;
  readonly seed: number;
  readonly hosts: number;
  /** From the end of one trouble to the next. */
  readonly pauseMs: number;
  /** Only those whose name has this in it. */
  readonly only: RegExp;
  say(line: string): void;
}

export interface ChaosReport {
  readonly checks: readonly Check[];
  /** How many requests were answered by what. */
  readonly statuses: ReadonlyMap<string, number>;
  readonly troubles: ReadonlyMap<string, number>;
}

const diskMb = 192;

const findPort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

/** A file system of its own in memory, which can be full without anybody else's being so. */
const mountDisk = (folder: string): boolean =>
  process.getuid?.() === 0 && spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${String(diskMb)}m`, 'cloister-chaos', folder]).status === 0;

const count = <Key>(keys: Iterable<Key>): ReadonlyMap<Key, number> => {
  const counts = new Map<Key, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
};

export const runChaos = async ({ forMs, seed, hosts: hostCount, pauseMs, only, say }: ChaosOptions): Promise<ChaosReport> => {
  const random = makeRandom(seed);
  const folder = await openTemporaryFolder();
  const disks: string[] = [];
  const postgres = await openOwnPostgres();
  const hosts: Host[] = [];
  try {
    await postgres.run(setUp);
    for (const [name, files] of Object.entries(extensions))
      for (const [file, content] of Object.entries(files)) await folder.write({ [`packages/${name}/${file}`]: content });
    const config = join(folder.root, 'cloister.json');
    writeFileSync(
      config,
      JSON.stringify({
        extensions: [join(folder.root, 'packages')],
        approvals: 'requested',
        databaseUrlKey: 'CHAOS_DATABASE_URL',
        envKeys: ['HOST_NAME'],
        registry: { table: true },
        adminTokenKey: 'CHAOS_ADMIN_TOKEN',
        server: { drainMs: 30_000 },
        wards: { spareCells: 1 },
      }),
    );
    const temporary = join(folder.root, 'temporary');
    mkdirSync(temporary);
    for (let nth = 1; nth <= hostCount; nth += 1) {
      const name = `host-${String(nth)}`;
      const disk = join(folder.root, name);
      mkdirSync(disk);
      if (mountDisk(disk)) disks.push(disk);
      const env = { HOST_NAME: name, CHAOS_DATABASE_URL: postgres.url(), CHAOS_ADMIN_TOKEN: adminToken };
      hosts.push(makeHost({ name, port: await findPort(), config, ledger: join(disk, 'ledger.ndjson'), temporary, env }));
    }
    // One after another: roles of the database are made by the first.
    for (const host of hosts) await host.start();
    await deployFirst(hosts[0] as Host);
    await checkAgreement(hosts);
    say(`${String(hosts.length)} hosts serve; seed ${String(seed)}`);

    const outages: Outage[] = [];
    const ownDisks = disks.length === hosts.length;
    const troubles = [...makeTroubles(outages), ...deployTroubles].filter(
      ({ needs, name }) => (needs !== 'own disks' || ownDisks) && only.test(name),
    );
    if (!ownDisks) say('no ledger’s disk can be filled: only root can mount one');
    const done: Trouble[] = [];
    const load = startLoad(
      hosts,
      [
        (token) => `/writer/plain/${token}`,
        (token) => `/writer/write/${token}`,
        (token) => `/writer/say/${token}`,
        (token) => `/moving/version/${token}`,
      ],
      { clients: 2, pauseMs: 20 },
    );
    const until = performance.now() + forMs;
    while (performance.now() < until) {
      await sleep(Math.min(pauseMs, Math.max(0, until - performance.now())));
      const trouble = pickTrouble(troubles, random);
      if (trouble === undefined || performance.now() >= until) continue;
      const did = await trouble.run({ hosts, postgres, ownDisks, random });
      done.push(trouble);
      say(`${trouble.name}: ${did}`);
    }
    // What is down comes up again, and all that was asked is answered.
    for (const host of hosts) await host.started();
    await load.stop();
    const quiet: Check = { name: 'afterwards each host serves', seen: hosts.length, wrong: [] };
    const wrong: string[] = [];
    for (const host of hosts) {
      const reply = await fetch(`http://127.0.0.1:${String(host.port)}/writer/write/after-${host.name}`, {
        signal: AbortSignal.timeout(60_000),
      }).catch(String);
      if (typeof reply === 'string' || reply.status !== 200)
        wrong.push(`${host.name}: ${typeof reply === 'string' ? reply : String(reply.status)}`);
    }
    const agreement = await checkAgreement(hosts);
    const codes: (number | null)[] = [];
    for (const host of hosts) codes.push(await host.stop());
    await sleep(500);
    say(`ledgers: ${(hosts.reduce((sum, { ledger }) => sum + statSync(ledger).size, 0) / 1_048_576).toFixed(1)} MB`);
    const after = hosts.map(({ name }) => ({
      token: `after-${name}`,
      host: name,
      path: `/writer/write/after-${name}`,
      from: 0,
      until: 0,
      status: 200,
      code: '',
    }));
    const excuses = [...outages, ...hosts.flatMap(({ downs }) => downs)];
    const checks = [
      checkAnswers(load.asked, hosts),
      { ...quiet, wrong },
      agreement,
      checkServed(load.asked, hosts),
      ...(await checkLedgers(hosts, [...load.asked, ...(wrong.length === 0 ? after : [])], postgres)),
      ...(await checkSchedule(
        postgres,
        performance.timeOrigin,
        excuses,
        hosts.reduce((sum, { downs }) => sum + downs.length, 0),
      )),
      ...checkLeft(hosts, temporary, codes),
    ];
    return {
      checks,
      statuses: count(load.asked.map(({ status, code }) => (status === null ? 'no answer' : `${String(status)} ${code}`.trim()))),
      troubles: count(done.map(({ name }) => name)),
    };
  } finally {
    for (const host of hosts) await host.kill();
    await postgres.close();
    for (const disk of disks) execFileSync('umount', ['-l', disk]);
    rmSync(folder.root, { recursive: true, force: true });
  }
};
