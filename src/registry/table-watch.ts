// Hears of a new revision in the table: LISTEN, with a look at the row as the net, over one connection that comes back. Must never trust a connection that says nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { registryBounds } from './bounds.ts';
import type { RegistryStore } from './state.ts';

export const registryChannel = 'cloister_registry';
/** `made`: who wrote the row. A state that went back and on may come to the same number again. */
const readRevision = 'SELECT revision, xmin::text AS made FROM cloister.registry WHERE namespace = $1';

const noRow = 'none';

type Hear = Parameters<RegistryStore['watch']>[0];

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === '42P01' || error.code === '3F000');

export const watchTable = (connect: () => Promise<Client>, namespace: string, hear: Hear): { close(): Promise<void> } => {
  const stop = new AbortController();
  let told: string | null = null;
  let current: Client | null = null;
  let wake = (): void => undefined;

  /** A connection that says nothing for so long is given up. */
  const within = async <Value>(client: Client, ask: () => Promise<Value>): Promise<Value> => {
    const silence = setTimeout(() => client.connection.stream.destroy(), registryBounds.silenceMs.value);
    try {
      return await ask();
    } finally {
      clearTimeout(silence);
    }
  };

  const look = async (client: Client): Promise<void> => {
    try {
      const { rows } = await within(client, () =>
        client.query<{ readonly revision: string; readonly made: string }>(readRevision, [namespace]),
      );
      const [row] = rows;
      const found = row === undefined ? noRow : `${row.revision} ${row.made}`;
      if (found === told || stop.signal.aborted) return;
      told = found;
      hear.onRevision(Number(row?.revision ?? 0));
    } catch (error) {
      // Before the first deploy there is no table.
      if (!isMissing(error)) throw error;
      if (told === null) hear.onRevision(0);
      told = noRow;
    }
  };

  /** Returns when the watch is closed; rejects when the connection is lost. */
  const follow = async (client: Client, onAnswer: () => void): Promise<void> => {
    let lost: unknown = null;
    client.on('end', () => {
      lost ??= new Error('the connection was closed');
      wake();
    });
    client.on('error', (error) => {
      lost ??= error;
      wake();
    });
    client.on('notification', ({ payload }) => {
      if (payload?.startsWith(`${namespace} `) === true) wake();
    });
    await within(client, () => client.query(`LISTEN ${registryChannel}`));
    while (!stop.signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await look(client);
      onAnswer();
      if (lost !== null) throw lost;
      const pause = new AbortController();
      await Promise.race([woken, sleep(registryBounds.pollMs.value, undefined, { signal: pause.signal }).catch(() => undefined)]);
      pause.abort();
      if (lost !== null) throw lost;
    }
  };

  const run = async (): Promise<void> => {
    let waitMs: number = registryBounds.retryMs.value;
    while (!stop.signal.aborted) {
      try {
        current = await connect();
        await follow(current, () => {
          waitMs = registryBounds.retryMs.value;
          hear.onAnswer?.();
        });
      } catch (error) {
        if (stop.signal.aborted) break;
        hear.onTrouble(error);
        // Not all hosts at once.
        await sleep(waitMs * (0.5 + Math.random()), undefined, { signal: stop.signal }).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, registryBounds.maxRetryMs.value);
      } finally {
        current?.connection.stream.destroy();
        current = null;
      }
    }
  };
  const running = run();
  return {
    async close() {
      stop.abort();
      wake();
      current?.connection.stream.destroy();
      await running;
    },
  };
};
