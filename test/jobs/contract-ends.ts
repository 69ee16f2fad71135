// What every queue of jobs promises of shares and of what is ended before it is done. Must never look behind the interface.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Verdict } from '../../src/jobs/job.ts';
import { type Case, done, makeJob, many, until } from './contract-hosts.ts';

export const endCases: readonly Case[] = [
  [
    'runs no more of one tenant at once than it may',
    async (hosts) => {
      const gate = Promise.withResolvers<Verdict>();
      const host = hosts.start(() => gate.promise, { running: 8, runningOfTenant: 3 });
      await host.queue.put(many(20));
      await until('three run', () => host.queue.running === 3);
      host.queue.wake();
      await sleep(300);
      assert.equal(host.queue.running, 3);
      gate.resolve(done);
      await until('all ran', () => host.ran.length === 20 && host.queue.running === 0);
    },
  ],
  [
    'says of a job that is stopped in the middle that it is begun again',
    async (hosts) => {
      const first = hosts.start(
        (_, signal) =>
          new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'pass', reason: 'shut down', begun: true }))),
      );
      const job = makeJob();
      await first.queue.put([job]);
      await until('it runs', () => first.ran.length === 1);
      await hosts.end(first, 50);
      const second = hosts.start();
      await until('the other has it', () => second.ran.length === 1);
      assert.deepEqual([first.fates, second.ran[0]?.attempt], [[`again ${job.id}`], 1]);
    },
    'shared',
  ],
  [
    'counts an attempt of what takes too long, also where its worker gives it back',
    async (hosts) => {
      const host = hosts.start(
        (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'pass', reason: 'given away' }))),
        { runMs: 50, attempts: 2 },
      );
      const job = makeJob();
      await host.queue.put([job]);
      await until('it is dead', () => host.fates.includes(`dead ${job.id}`));
      assert.equal(host.ran.length, 2);
    },
  ],
];
