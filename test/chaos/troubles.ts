// What a chaos run does to its hosts and to their database, one after another, by chance that can be had again. Must never do a thing that it does not undo.
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OwnPostgres } from '../helpers/own-postgres.ts';
import type { Host } from './host.ts';

export interface Surroundings {
  readonly hosts: readonly Host[];
  readonly postgres: OwnPostgres;
  /** Whether each ledger's folder is a file system of its own, so that it can be filled. */
  readonly ownDisks: boolean;
  random(): number;
}

export interface Trouble {
  readonly name: string;
  /** How often, beside the others. */
  readonly weight: number;
  readonly needs?: 'own disks';
  /** Resolves when it is over, with what it did. */
  run(surroundings: Surroundings): Promise<string>;
}

/** When the database was away, or a ledger's disk was full. */
export interface Outage {
  readonly from: number;
  readonly until: number;
}

const pick = <Item>(items: readonly Item[], random: () => number): Item | undefined => items[Math.floor(random() * items.length)];

/** Not the file's own length: a hole would take no room. */
const fill = (file: string): number => {
  const block = Buffer.alloc(1_048_576, 1);
  const handle = openSync(file, 'w');
  let bytes = 0;
  try {
    for (let size = block.length; size >= 512; ) {
      try {
        bytes += writeSync(handle, block, 0, size);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(handle);
  }
  return bytes;
};

export const makeTroubles = (outages: Outage[]): readonly Trouble[] => [
  {
    name: 'a ward is killed',
    weight: 4,
    async run({ hosts, random }) {
      const host = pick(
        hosts.filter((one) => one.isUp()),
        random,
      );
      const ward = pick(host?.wards() ?? [], random);
      if (host === undefined || ward === undefined) return 'there was none';
      process.kill(ward, 'SIGKILL');
      return `${String(ward)} of ${host.name}`;
    },
  },
  {
    name: 'a host is killed',
    weight: 2,
    async run({ hosts, random }) {
      const up = hosts.filter((one) => one.isUp());
      const host = up.length > 1 ? pick(up, random) : undefined;
      if (host === undefined) return 'there was none to spare';
      await host.kill();
      host.startLater();
      return host.name;
    },
  },
  {
    name: 'PostgreSQL is started again',
    weight: 1,
    async run({ postgres }) {
      const from = performance.now();
      await postgres.stop();
      await postgres.start();
      const until = performance.now();
      outages.push({ from, until });
      return `away for ${((until - from) / 1_000).toFixed(1)} s`;
    },
  },
  {
    name: 'its sessions are cut',
    weight: 2,
    async run({ postgres }) {
      const from = performance.now();
      const { rowCount } = await postgres.run(
        `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend' and (application_name like 'cloister:%' or query ilike 'listen%' or pid in (select pid from pg_locks where locktype = 'advisory' and granted))`,
      );
      outages.push({ from, until: performance.now() });
      return `${String(rowCount ?? 0)} that listened or held a lock`;
    },
  },
  {
    name: 'a ledger’s disk is full',
    weight: 1,
    needs: 'own disks',
    async run({ hosts, random }) {
      const host = pick(
        hosts.filter((one) => one.isUp()),
        random,
      );
      if (host === undefined) return 'there was none';
      const ballast = join(dirname(host.ledger), 'ballast');
      const from = performance.now();
      fill(ballast);
      await sleep(2_000);
      const { bavail } = statfsSync(dirname(host.ledger));
      rmSync(ballast);
      outages.push({ from, until: performance.now() });
      return `${host.name}, for 2 s with ${String(bavail)} blocks free`;
    },
  },
];

/** The next one by weight. */
export const pickTrouble = (troubles: readonly Trouble[], random: () => number): Trouble | undefined => {
  const total = troubles.reduce((sum, { weight }) => sum + weight, 0);
  let at = random() * total;
  return troubles.find(({ weight }) => {
    at -= weight;
    return at < 0;
  });
};
