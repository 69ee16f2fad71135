// Which of several hosts runs a schedule: the one that holds its advisory lock. Must never say yes where the database cannot be asked.
import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import type { DatabaseResource } from '../capabilities/database/resource.ts';
import { emitterBounds } from '../capabilities/emitter/bounds.ts';

export interface ScheduleLock {
  /** Whether it reaches beyond this process. */
  readonly shared: boolean;
  /** Whether this host is the one; rejects where nobody can say. */
  isMine(key: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Without a database there is nobody to agree with. */
export const makeLocalLock = (): ScheduleLock => ({ shared: false, isMine: () => Promise.resolve(true), close: () => Promise.resolve() });

interface Session {
  readonly client: Client;
  readonly held: Set<string>;
  readonly end: () => void;
}

/** A lock's number: sixty-four bits of a hash, so that two schedules share one as good as never. */
const numberOf = (namespace: string, key: string): string =>
  createHash('sha256')
    .update(JSON.stringify(['cloister schedule', namespace, key]))
    .digest()
    .readBigInt64BE(0)
    .toString();

/** One connection, held from the first schedule on: the lock lives as long as its session, so a host that dies or is cut off loses it. */
export const openDatabaseLock = (database: Pick<DatabaseResource, 'namespace' | 'withAdmin'>): ScheduleLock => {
  let opening: Promise<Session> | null = null;
  let closed = false;
  let gone: Promise<unknown> = Promise.resolve();

  const open = (): Promise<Session> =>
    new Promise((resolve, reject) => {
      gone = database
        .withAdmin(
          (client) =>
            new Promise<void>((end) => {
              client.once('end', () => {
                opening = null;
                end();
              });
              resolve({ client, held: new Set(), end });
            }),
        )
        .catch(reject);
    });

  const drop = async (): Promise<void> => {
    const dropped = opening;
    opening = null;
    const session = await dropped?.catch(() => null);
    if (session === null || session === undefined) return;
    // Not end(): a connection that no longer answers would be waited for.
    session.client.connection.stream.destroy();
    session.end();
  };

  const ask = async (key: string): Promise<boolean> => {
    opening ??= open();
    const { client, held } = await opening;
    const number = numberOf(database.namespace, key);
    if (held.has(number)) {
      // A lock is held as long as its session is: what answers has it still.
      await client.query('select 1');
      return true;
    }
    const { rows } = await client.query<{ readonly mine: boolean }>('select pg_try_advisory_lock($1::bigint) as mine', [number]);
    if (rows[0]?.mine !== true) return false;
    held.add(number);
    return true;
  };

  return {
    shared: true,
    async isMine(key) {
      if (closed) return false;
      const { promise: late, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(new Error('the database did not answer in time')), emitterBounds.lockMs.value);
      try {
        return await Promise.race([ask(key), late]);
      } catch (error) {
        void drop();
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      closed = true;
      await drop();
      await gone.catch(() => undefined);
    },
  };
};
