// What a host holds of the operating system and of its database: counted before and after hostile load. Must never count what belongs to another process.
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findOwnProcesses } from './runtime.ts';

export interface Stock {
  readonly threads: number;
  readonly descriptors: number;
  readonly sockets: number;
  readonly processes: number;
  /** In the folder for temporary files, where that is a siege's own; else 0. */
  readonly files: number;
  /** Sessions of this database inside a transaction, but this look's own. */
  readonly transactions: number;
  readonly advisoryLocks: number;
}

const linkOf = (fd: string): string => {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
};

const lookAtDatabase = async (url: string): Promise<Pick<Stock, 'transactions' | 'advisoryLocks'>> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Pick<Stock, 'transactions' | 'advisoryLocks'>>(
      `select (select count(*)::int from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null) "transactions",
              (select count(*)::int from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())) "advisoryLocks"`,
    );
    return rows[0] ?? assert.fail();
  } finally {
    await client.end();
  }
};

export const takeStock = async (databaseUrl: string): Promise<Stock> => {
  const isOwn = tmpdir().includes('cloister-siege-');
  const database = await lookAtDatabase(databaseUrl);
  const links = readdirSync('/proc/self/fd').map(linkOf);
  return {
    threads: readdirSync('/proc/self/task').length,
    descriptors: links.filter((link) => link !== '').length,
    sockets: links.filter((link) => link.startsWith('socket:')).length,
    processes: findOwnProcesses().length,
    files: isOwn ? readdirSync(tmpdir(), { recursive: true }).length : 0,
    ...database,
  };
};

/** What may be more by chance: a socket kept open by a client's agent, a thread of the pool that was made late, wards of tenants that came (their number has a limit of its own). */
const slack: Stock = { threads: 4, descriptors: 24, sockets: 16, processes: 6, files: 0, transactions: 0, advisoryLocks: 0 };

/** Waits until there is no more of anything than before; what is left after that is a leak. */
export const assertNothingLeft = async (before: Stock, databaseUrl: string, patienceMs = 20_000): Promise<Stock> => {
  const names = Object.keys(slack) as readonly (keyof Stock)[];
  for (const until = performance.now() + patienceMs; ; await sleep(100)) {
    const now = await takeStock(databaseUrl);
    const more = names.filter((name) => now[name] > before[name] + slack[name]);
    if (more.length === 0) return now;
    if (performance.now() > until) assert.fail(`left behind: ${more.map((name) => `${name} ${before[name]} → ${now[name]}`).join(', ')}`);
  }
};
