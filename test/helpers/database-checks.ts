// What the database tests ask again and again. Must never change anything on the server.
import assert from 'node:assert/strict';
import { CloisterError } from '../../src/errors.ts';
import type { DatabaseHarness } from './database-harness.ts';

/** The call fails with this code, and its details hold these. */
export const fails = async (work: Promise<unknown>, code: string, details: Readonly<Record<string, unknown>> = {}): Promise<void> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CloisterError, `expected ${code}, got ${String(error)}`);
  const found = Object.fromEntries(Object.keys(details).map((key) => [key, error.details[key]]));
  assert.deepEqual({ code: error.code, ...found }, { code, ...details });
};

/** SQLSTATE or code of how the call ended; `done` where it did not fail. */
export const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) return 'done';
  assert.ok(error instanceof CloisterError, String(error));
  return String(error.details['sqlState'] ?? error.code);
};

/** Backends of extensions in the harness's database, as the server sees them. */
export const countBackends = async ({ admin }: DatabaseHarness, state?: string): Promise<number> => {
  const sql = `select count(*)::int n from pg_stat_activity
    where usename like 'cloister\\_%' and datname = current_database() and ($1::text is null or state = $1)`;
  return (await admin.query<{ readonly n: number }>(sql, [state ?? null])).rows[0]?.n ?? -1;
};

const rounds = 150;
const roundMs = 30;

export const until = async (holds: () => Promise<boolean>): Promise<void> => {
  for (let round = 0; round < rounds; round += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, roundMs));
  }
  assert.fail('it did not come to hold in time');
};
