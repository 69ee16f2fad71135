// What one request caused, counted by all hosts in one message of its own, which whoever changes it must have seen. Must never lose a count that was acknowledged.
import { setTimeout as sleep } from 'node:timers/promises';
import type { CloisterError } from '../../errors.ts';
import { jobBounds } from '../bounds.ts';
import { makeLoopError } from '../errors.ts';
import type { Counted, Spend } from '../job.ts';
import type { Link } from './link.ts';
import type { Names } from './names.ts';

interface Found extends Counted {
  readonly seq: number;
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const parse = (data: Uint8Array): Counted => {
  const value = JSON.parse(Buffer.from(data).toString('utf8')) as { readonly events?: unknown; readonly turns?: unknown };
  if (!isCount(value.events) || !isCount(value.turns)) throw new Error('the counts of a request cannot be read');
  return { events: value.events, turns: value.turns };
};

const find = async (link: Link, names: Names, tree: string): Promise<Found> => {
  const stored = await link.readLast(names.trees, names.tree(tree));
  return stored === null ? { seq: 0, events: 0, turns: 0 } : { seq: stored.seq, ...parse(stored.data) };
};

/** null: nobody has counted for it, or not for a day. */
export const readTree = async (link: Link, names: Names, tree: string): Promise<Counted | null> => {
  const { seq, events, turns } = await find(link, names, tree);
  return seq === 0 ? null : { events, turns };
};

export type Most = Pick<Spend, 'mostEvents' | 'mostTurns'>;
type Part = Pick<Spend, 'tree' | 'events' | 'turns'>;

export interface Trees {
  /** Where `most` is given and would be passed, nothing is counted and ERR_EVENT_LOOP is thrown. Less than nothing may be added: what was counted for a put that was refused. */
  add(link: Link, part: Part, most: Most | null): Promise<Counted>;
}

interface Waiting {
  readonly link: Link;
  readonly part: Part;
  readonly most: Most | null;
  readonly resolve: (counted: Counted) => void;
  readonly reject: (error: unknown) => void;
}

const sum = ({ events, turns }: Counted, part: Part): Counted => ({
  events: Math.max(0, events + part.events),
  turns: Math.max(0, turns + part.turns),
});

const loopError = ({ events, turns }: Counted, most: Most): CloisterError | null => {
  if (events > most.mostEvents) return makeLoopError('eventsPerRequest', most.mostEvents);
  return turns > most.mostTurns ? makeLoopError('listenersPerRequest', most.mostTurns) : null;
};

/** What one host adds to a tree at once goes in one write: only hosts contend with each other. */
export const makeTrees = (names: Names): Trees => {
  const queues = new Map<string, Waiting[]>();

  const addAll = async (tree: string, batch: readonly Waiting[], before: Found | null): Promise<Found> => {
    let known = before;
    const link = batch.at(-1)?.link;
    if (link === undefined) throw new Error('there is nothing to count');
    for (const end = performance.now() + jobBounds.statementMs.value; performance.now() < end; await sleep(Math.random() * 20)) {
      const found = known ?? (await find(link, names, tree));
      known = null;
      let counted: Counted = found;
      const answers: (() => void)[] = [];
      for (const { part, most, resolve, reject } of batch) {
        const next = sum(counted, part);
        const error = most === null ? null : loopError(next, most);
        if (error === null) counted = next;
        answers.push(error === null ? () => resolve(next) : () => reject(error));
      }
      const { events, turns } = counted;
      const written =
        counted === found
          ? { seq: found.seq }
          : await link.write(names.tree(tree), null, Buffer.from(JSON.stringify({ events, turns })), { last: found.seq });
      if (written === null) continue;
      for (const answer of answers) answer();
      return { seq: written.seq, events, turns };
    }
    throw new Error('too many hosts count for one request at once');
  };

  const work = async (tree: string, waiting: Waiting[]): Promise<void> => {
    let known: Found | null = null;
    for (let batch = waiting.splice(0); batch.length > 0; batch = waiting.splice(0)) {
      try {
        known = await addAll(tree, batch, known);
      } catch (error) {
        known = null;
        for (const { reject } of batch) reject(error);
      }
    }
    queues.delete(tree);
  };

  return {
    add(link, part, most) {
      const { promise, resolve, reject } = Promise.withResolvers<Counted>();
      const waiting = queues.get(part.tree);
      if ((waiting?.length ?? 0) >= jobBounds.waiting.value)
        return Promise.reject(new Error('too much is counted for one request at once'));
      const mine: Waiting = { link, part, most, resolve, reject };
      if (waiting !== undefined) waiting.push(mine);
      else {
        const first = [mine];
        queues.set(part.tree, first);
        void work(part.tree, first);
      }
      return promise;
    },
  };
};
