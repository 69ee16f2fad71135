// One connection for the queue's own statements, one after another, opened again when it was lost. Must never keep anybody waiting longer than a statement may take.
import type { Client, QueryResultRow } from 'pg';
import { jobBounds } from '../bounds.ts';

export interface Session {
  /** One statement. */
  query<Row extends QueryResultRow>(text: string, values: readonly unknown[]): Promise<readonly Row[]>;
  /** Several in one transaction; rolled back where `work` throws. */
  transaction<Result>(work: (client: Client) => Promise<Result>): Promise<Result>;
  readonly waiting: number;
  close(): Promise<void>;
}

const statementMs = jobBounds.statementMs.value;

const settings = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']
  .map((name) => `SET ${name} = ${String(statementMs)}`)
  .join('; ');

const endMs = 1_000;

/** Takes leave where the other side answers, and breaks off where it does not: a stop must not wait for a network. */
export const endClient = async (client: Client): Promise<void> => {
  const silence = setTimeout(() => client.connection.stream.destroy(), endMs);
  await client.end().catch(() => undefined);
  clearTimeout(silence);
};

/** A network that is cut without a word would keep a query for a quarter of an hour. */
const silenceMs = 2 * statementMs;

/** Ends a connection that says nothing while `work` waits for it. */
const unlessSilent = async <Result>(client: Client, work: () => Promise<Result>): Promise<Result> => {
  const silence = setTimeout(() => client.connection.stream.destroy(), silenceMs);
  try {
    return await work();
  } finally {
    clearTimeout(silence);
  }
};

/** A connection on which `begin` is done, or none. What opens too late is closed. */
export const connectInTime = async (connect: () => Promise<Client>, begin: (client: Client) => Promise<void>): Promise<Client> => {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const silence = setTimeout(() => reject(new Error('the database did not answer in time')), silenceMs);
  const opening = connect();
  let client: Client;
  try {
    client = await Promise.race([opening, late]);
  } catch (error) {
    opening.then((opened) => opened.connection.stream.destroy()).catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(silence);
  }
  try {
    await unlessSilent(client, () => begin(client));
    return client;
  } catch (error) {
    client.connection.stream.destroy();
    throw error;
  }
};

/** `prepare` runs once on each new connection. */
export const openSession = (connect: () => Promise<Client>, prepare?: (client: Client) => Promise<void>): Session => {
  let client: Promise<Client> | null = null;
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let closed = false;

  const open = (onEnd: () => void): Promise<Client> =>
    connectInTime(connect, async (opened) => {
      opened.on('end', onEnd);
      await opened.query(settings);
      await prepare?.(opened);
    });

  /** Another may have taken its place: the end of one that failed is heard late. */
  const forget = (one: Promise<Client>): void => {
    if (client === one) client = null;
  };
  const openOwn = (): Promise<Client> => {
    const mine = open(() => forget(mine));
    mine.catch(() => forget(mine));
    return mine;
  };

  const use = async <Result>(work: (on: Client) => Promise<Result>): Promise<Result> => {
    if (closed) throw new Error('the queue is closed');
    client ??= openOwn();
    const mine = client;
    const on = await mine;
    try {
      return await unlessSilent(on, () => work(on));
    } catch (error) {
      if (error instanceof Refused) throw error;
      // In whatever state it is, the next one gets a new connection.
      forget(mine);
      on.connection.stream.destroy();
      throw error;
    }
  };

  /** Begun within `silenceMs` or not at all: what somebody has given up waiting for must not be done. */
  const inTurn = <Result>(work: (on: Client) => Promise<Result>): Promise<Result> => {
    if (waiting >= jobBounds.waiting.value) return Promise.reject(new Error('too many statements of the queue wait'));
    waiting += 1;
    return new Promise((resolve, reject) => {
      let isLate = false;
      const tooLate = setTimeout(() => {
        isLate = true;
        reject(new Error('the statements before it took too long'));
      }, silenceMs);
      last = last.then(async () => {
        clearTimeout(tooLate);
        if (!isLate) await use(work).then(resolve, reject);
        waiting -= 1;
      });
    });
  };

  return {
    query: (text, values) => inTurn(async (on) => (await on.query(text, [...values])).rows),
    async transaction(work) {
      try {
        return await inTurn(async (on) => {
          // Not awaited by itself: the first statement of the work goes with it.
          on.query('BEGIN').catch(() => undefined);
          try {
            const result = await work(on);
            await on.query('COMMIT');
            return result;
          } catch (error) {
            if (error instanceof Refused) await on.query('ROLLBACK');
            throw error;
          }
        });
      } catch (error) {
        throw error instanceof Refused ? error.reason : error;
      }
    },
    get waiting() {
      return waiting;
    },
    async close() {
      closed = true;
      await last;
      const open = await client?.catch(() => null);
      if (open !== null && open !== undefined) await endClient(open);
    },
  };
};

/** What is wrong is what was asked for, not the connection. */
export class Refused extends Error {
  readonly reason: Error;
  constructor(reason: Error) {
    super(reason.message);
    this.reason = reason;
  }
}
