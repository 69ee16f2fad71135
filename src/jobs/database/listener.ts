// Hears of work that other hosts put, on a connection of its own; by it others see that this host is there. Must never be relied on: whoever is told nothing looks by himself.
import type { Client } from 'pg';
import { connectInTime, endClient } from './session.ts';
import { whoAmI } from './statements.ts';

/** The server's process behind a connection. */
export interface Backend {
  readonly pid: number;
  readonly since: string;
}

export interface Listener {
  /** null: not connected now. */
  readonly backend: Backend | null;
  open(wake: () => void): void;
  wake(): void;
  close(): Promise<void>;
}

const reopenMs = 1_000;
const closeMs = 1_000;

export const openListener = (connect: () => Promise<Client>, namespace: string): Listener => {
  let client: Client | null = null;
  let backend: Backend | null = null;
  let onWork: () => void = () => undefined;
  let opening: Promise<void> = Promise.resolve();
  let again: NodeJS.Timeout | null = null;
  let closed = false;

  const later = (): void => {
    client = null;
    backend = null;
    if (closed || again !== null) return;
    again = setTimeout(() => {
      again = null;
      opening = listen();
    }, reopenMs);
    again.unref();
  };

  const listen = async (): Promise<void> => {
    try {
      let found: Backend | null = null;
      let isOver = false;
      const opened = await connectInTime(connect, async (fresh) => {
        fresh.on('end', () => {
          isOver = true;
          if (client === fresh) later();
        });
        fresh.on('notification', ({ payload }) => {
          if (payload === namespace) onWork();
        });
        await fresh.query('LISTEN cloister_jobs');
        found = (await fresh.query<Backend>(whoAmI)).rows[0] ?? null;
      });
      if (closed) return await endClient(opened);
      if (isOver) return later();
      client = opened;
      backend = found;
      onWork();
    } catch {
      later();
    }
  };

  return {
    get backend() {
      return backend;
    },
    open(wake) {
      onWork = wake;
      opening = listen();
    },
    wake: () => onWork(),
    async close() {
      closed = true;
      if (again !== null) clearTimeout(again);
      // What opens after that is closed by itself.
      await Promise.race([opening, new Promise((resolve) => setTimeout(resolve, closeMs).unref())]);
      if (client !== null) await endClient(client);
    },
  };
};
