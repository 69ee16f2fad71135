// Has one connection at a time, opened when somebody needs it and opened again when it was lost. Must never open two.
import { setTimeout as sleep } from 'node:timers/promises';
import { jobBounds } from '../bounds.ts';
import { type Link, openLink } from './link.ts';
import type { Names } from './names.ts';
import { loadNats, type NatsPackages } from './packages.ts';
import { makeRecordParser } from './records.ts';
import type { NatsSettings } from './settings.ts';
import type { JobView } from './view.ts';

export interface Links {
  /** Waits so long for one; what failed last is thrown. */
  get(withinMs: number): Promise<Link>;
  /** What is there now. */
  readonly current: Link | null;
  close(): Promise<void>;
}

export interface LinkEvents {
  onRead(): void;
  onOpen(link: Link): void;
}

/** So soon after one that failed, nobody asks again. */
const againMs = 250;

/** What failed last is what an operator has to mend. */
const describe = (withinMs: number, failure: unknown): string =>
  `no connection to NATS within ${String(withinMs)} ms${failure instanceof Error ? `; the last try: ${failure.message}` : ''}`;

export const openLinks = (settings: NatsSettings, names: Names, view: JobView, { onRead, onOpen }: LinkEvents): Links => {
  const parse = makeRecordParser();
  let packages: Promise<NatsPackages> | null = null;
  let opening: Promise<Link> | null = null;
  let current: Link | null = null;
  let lostAt: number | null = null;
  let closed = false;
  let failure: unknown = null;
  const created = { at: '' };

  const open = async (): Promise<Link> => {
    packages ??= loadNats();
    const onEnd = (): void => {
      if (current !== null || lostAt === null) lostAt = performance.now();
      current = null;
    };
    const link = await openLink({ packages: await packages, parse, settings, names, view, lostAt, created, onRead, onEnd });
    if (closed || !link.isOpen) {
      await link.close();
      throw new Error(closed ? 'the queue is closed' : 'the connection broke as it was opened');
    }
    current = link;
    lostAt = null;
    failure = null;
    onOpen(link);
    return link;
  };

  return {
    get current() {
      return current;
    },
    async get(withinMs) {
      const until = performance.now() + withinMs;
      for (;;) {
        if (closed) throw new Error('the queue is closed');
        if (current !== null) return current;
        opening ??= open()
          .catch((error: unknown) => {
            failure = error;
            throw error;
          })
          .finally(() => {
            opening = null;
          });
        const { promise: late, reject } = Promise.withResolvers<never>();
        const patience = setTimeout(() => reject(new Error(describe(withinMs, failure), { cause: failure })), until - performance.now());
        try {
          return await Promise.race([opening, late]);
        } catch (error) {
          if (performance.now() + againMs > until) throw error;
          await sleep(againMs);
        } finally {
          clearTimeout(patience);
        }
      }
    },
    async close() {
      closed = true;
      await Promise.race([opening?.catch(() => undefined), sleep(jobBounds.statementMs.value, undefined, { ref: false })]);
      await current?.close();
    },
  };
};
