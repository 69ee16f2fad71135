// A few connections of the host's own login for one extension's store, lent for one call each, tenants in turn. Must never lend one whose transaction is open.
import type { Client } from 'pg';
import { CloisterError } from '../../errors.ts';
import { kvBounds } from './bounds.ts';
import { leaseOver, makeBusyFailure, makeWaitFailure } from './failure.ts';

export interface Connections {
  use<Result>(tenant: string, signal: AbortSignal, work: (client: Client) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

interface Idle {
  readonly client: Client;
  readonly timer: NodeJS.Timeout;
}

interface Waiter {
  readonly tenant: string;
  readonly go: () => void;
}

/** Longer than the server takes to give a statement up: then the network was cut without a word. */
const silenceMs = kvBounds.statementMs.value + 2_000;

export const openConnections = (connect: () => Promise<Client>): Connections => {
  const idle: Idle[] = [];
  /** Tenant → who waits. The tenant that had its turn goes to the end. */
  const waiting = new Map<string, Waiter[]>();
  const busy = new Set<Promise<unknown>>();
  let waiters = 0;
  let lent = 0;
  let closed = false;

  const passOn = (): void => {
    const next = waiting.entries().next();
    if (next.done === true) {
      lent -= 1;
      return;
    }
    const [tenant, list] = next.value;
    const waiter = list.shift();
    waiting.delete(tenant);
    if (list.length > 0) waiting.set(tenant, list);
    waiter?.go();
  };

  const leave = (waiter: Waiter): void => {
    const left = (waiting.get(waiter.tenant) ?? []).filter((one) => one !== waiter);
    if (left.length === 0) waiting.delete(waiter.tenant);
    else waiting.set(waiter.tenant, left);
  };

  /** Resolves once it is this call's turn to have a connection. */
  const turn = (tenant: string, signal: AbortSignal): Promise<void> => {
    if (lent < kvBounds.connections.value) {
      lent += 1;
      return Promise.resolve();
    }
    if (waiters >= kvBounds.waiting.value) return Promise.reject(makeBusyFailure());
    waiters += 1;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = (error: Error): void => {
      leave(waiter);
      reject(error);
    };
    const waiter: Waiter = { tenant, go: resolve };
    const onAbort = (): void => giveUp(leaseOver());
    const timer = setTimeout(() => giveUp(makeWaitFailure()), kvBounds.waitMs.value);
    signal.addEventListener('abort', onAbort, { once: true });
    waiting.set(tenant, [...(waiting.get(tenant) ?? []), waiter]);
    return promise.finally(() => {
      waiters -= 1;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    });
  };

  const forget = (client: Client): void => {
    const at = idle.findIndex((one) => one.client === client);
    for (const { timer } of at < 0 ? [] : idle.splice(at, 1)) clearTimeout(timer);
  };

  const open = async (): Promise<Client> => {
    const client = await connect();
    client.on('end', () => forget(client));
    try {
      await client.query(`SET statement_timeout = ${String(kvBounds.statementMs.value)}`);
      return client;
    } catch (error) {
      client.connection.stream.destroy();
      throw error;
    }
  };

  const putAway = (client: Client): void => {
    if (closed) return void client.end().catch(() => undefined);
    const timer = setTimeout(() => {
      forget(client);
      client.end().catch(() => undefined);
    }, kvBounds.idleMs.value);
    timer.unref();
    idle.push({ client, timer });
  };

  const lend = async <Result>(signal: AbortSignal, work: (client: Client) => Promise<Result>): Promise<Result> => {
    const kept = idle.pop();
    clearTimeout(kept?.timer);
    const client = kept?.client ?? (await open());
    const silence = setTimeout(() => client.connection.stream.destroy(), silenceMs);
    try {
      if (signal.aborted) throw leaseOver();
      const result = await work(client);
      putAway(client);
      return result;
    } catch (error) {
      // Ours are thrown where no transaction is open. Whatever state it is in after another, the next call gets a new one.
      if (error instanceof CloisterError) putAway(client);
      else client.connection.stream.destroy();
      throw error;
    } finally {
      clearTimeout(silence);
    }
  };

  return {
    async use(tenant, signal, work) {
      if (signal.aborted) throw leaseOver();
      await turn(tenant, signal);
      const lending = lend(signal, work).finally(passOn);
      busy.add(lending);
      return await lending.finally(() => busy.delete(lending));
    },
    async close() {
      closed = true;
      await Promise.allSettled(busy);
      await Promise.allSettled(
        idle.splice(0).map(({ client, timer }) => {
          clearTimeout(timer);
          return client.end();
        }),
      );
    },
  };
};
