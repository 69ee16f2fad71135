// A client of an extension that does nothing wrong, asked steadily while others do. Must never ask again before it has its answer.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Reply } from './client.ts';

export interface Neighbour extends AsyncDisposable {
  /** Ends the load and asserts that every request was answered 200. */
  stop(): Promise<readonly Reply[]>;
}

const streams = 3;
/** Some eighty requests a second: more would be most of what a test file costs. */
const pauseMs = 30;

export const startNeighbour = (client: Client, path: string): Neighbour => {
  const replies: Reply[] = [];
  let running = true;
  const work = async (): Promise<void> => {
    while (running) {
      replies.push(await client.get(path));
      await sleep(pauseMs);
    }
  };
  const all = Promise.all(Array.from({ length: streams }, work));
  const halt = async (): Promise<void> => {
    running = false;
    await all;
  };
  return {
    [Symbol.asyncDispose]: halt,
    stop: async () => {
      await halt();
      const others = replies.filter((reply) => reply.status !== 200).map((reply) => `${reply.status} ${reply.text}`);
      assert.deepEqual([...new Set(others)], [], `${others.length} of ${replies.length} requests to the neighbour were not answered`);
      assert.ok(replies.length >= streams, 'the neighbour was asked');
      return replies;
    },
  };
};
