// What every queue of jobs promises, whatever keeps its jobs: one table of sentences. Must never look behind the interface.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloisterError } from '../../src/errors.ts';
import { jobBounds } from '../../src/jobs/bounds.ts';
import type { Claimed, Spend, Verdict } from '../../src/jobs/job.ts';
import { endCases } from './contract-ends.ts';
import { type Case, done, type Host, makeJob, many, type Run, until } from './contract-hosts.ts';

const refusedWith = async (work: Promise<unknown>, code: string): Promise<void> => {
  await assert.rejects(work, (error) => error instanceof CloisterError && error.code === code);
};
const idsOf = ({ ran }: Host): readonly string[] => ran.map(({ job }) => job.id);

export const cases: readonly Case[] = [
  ...endCases,
  [
    'runs each job once, as it was put',
    async (hosts) => {
      const host = hosts.start();
      const jobs = many(20);
      await host.queue.put(jobs);
      await until('all ran', () => host.ran.length >= 20);
      assert.deepEqual(
        [...host.ran.map(({ job }) => job)].sort((a, b) => a.id.localeCompare(b.id)),
        [...jobs].sort((a, b) => a.id.localeCompare(b.id)),
      );
      assert.ok(host.ran.every(({ attempt }) => attempt === 1));
      assert.equal(new Set(idsOf(host)).size, 20);
    },
  ],
  [
    'takes a job of the same id once, while it waits and after it ran',
    async (hosts) => {
      const host = hosts.start();
      const job = makeJob();
      assert.deepEqual([(await host.queue.put([job])).taken, (await host.queue.put([job])).taken], [1, 0]);
      await until('it ran', () => host.ran.length > 0);
      await sleep(100);
      assert.equal((await host.queue.put([{ ...job, body: '{"other":1}' }])).taken, 0);
      const [other] = many(1);
      await host.queue.put([other ?? job]);
      await until('the other ran', () => host.ran.length > 1);
      assert.deepEqual(idsOf(host), [job.id, other?.id]);
    },
  ],
  [
    'begins a job that could not be run again, so often and no oftener, and then keeps it with the dead',
    async (hosts) => {
      const host = hosts.start(() => Promise.resolve({ kind: 'again', reason: 'no room' }), { attempts: 3 });
      const job = makeJob();
      await host.queue.put([job]);
      await until('it is dead', () => host.fates.includes(`dead ${job.id}`));
      assert.deepEqual(
        host.ran.map(({ attempt }) => attempt),
        [1, 2, 3],
      );
      await until('an operator sees it', () => host.queue.running === 0);
      const [dead] = (await host.store.list(10)).filter(({ state }) => state === 'dead');
      assert.deepEqual([dead?.id, dead?.tenant, dead?.extension, dead?.what], [job.id, 'acme', 'hears', 'a.b']);
      assert.match(dead?.reason ?? '', /no room/);
      assert.equal((await host.store.stats()).dead, 1);
    },
  ],
  [
    'gives a dead job back to an operator, who has it run again or drops it',
    async (hosts) => {
      let works = false;
      const host = hosts.start(() => Promise.resolve(works ? done : { kind: 'dead', reason: 'cannot be read' }));
      const [one, two] = [makeJob(), makeJob()];
      await host.queue.put([one, two]);
      await until('both are dead', () => host.fates.length === 2 && host.queue.running === 0);
      works = true;
      assert.deepEqual(
        [await host.store.retry(one.id), await host.store.drop(two.id), await host.store.retry('nobody')],
        [true, true, false],
      );
      await until('it ran', () => host.ran.length === 3 && host.queue.running === 0);
      assert.equal(host.ran[2]?.job.id, one.id);
      assert.equal(host.ran[2]?.job.body, one.body);
      assert.equal((await host.store.stats()).dead, 0);
    },
  ],
  [
    'goes on where a worker throws or hangs, and ends what hangs',
    async (hosts) => {
      const ended: string[] = [];
      const host = hosts.start(
        ({ job, attempt }, signal) => {
          if (job.what === 'throws' && attempt === 1) throw new Error('a fault of the worker');
          if (job.what !== 'hangs' || attempt > 1) return Promise.resolve(done);
          signal.addEventListener('abort', () => ended.push(job.id));
          return new Promise(() => undefined);
        },
        { runMs: 100 },
      );
      const jobs = [makeJob({ what: 'hangs' }), makeJob({ what: 'throws' }), makeJob()];
      await host.queue.put(jobs);
      await until('all ran, two of them twice', () => host.ran.length === 5 && host.queue.running === 0);
      assert.deepEqual(ended, [jobs[0]?.id]);
    },
  ],
  [
    'leaves what is not for one host to another, without an attempt',
    async (hosts) => {
      const without = hosts.start(() => Promise.resolve({ kind: 'pass', reason: 'not here' }), { attempts: 2 });
      const job = makeJob();
      await without.queue.put([job]);
      await until('it was passed on more often than it may be tried', () => without.ran.length > 2);
      assert.deepEqual(
        without.fates.filter((fate) => fate.startsWith('dead')),
        [],
      );
      const other = hosts.start();
      await until('another ran it', () => other.ran.length === 1);
      assert.equal(other.ran[0]?.job.id, job.id);
    },
    'shared',
  ],
  [
    'does not let one tenant’s flood delay another’s job',
    async (hosts) => {
      const order: string[] = [];
      const host = hosts.start(
        async ({ job }) => {
          await sleep(20);
          order.push(job.tenant);
          return done;
        },
        { running: 4, runningOfTenant: 2 },
      );
      await host.queue.put(many(hosts.bench.openJobs, { tenant: 'flood' }));
      await host.queue.put([makeJob({ tenant: 'quiet' })]);
      await until('the quiet one ran', () => order.includes('quiet'));
      assert.ok(order.indexOf('quiet') < 30, `it ran after ${String(order.indexOf('quiet'))} of the flood`);
    },
  ],
  [
    'takes so many jobs of one tenant and no more, all of a call or none, and others’ still',
    async (hosts) => {
      const host = hosts.start(undefined, {}, ['somebody else']);
      const { openJobs } = hosts.bench;
      await host.queue.put(many(openJobs - 1));
      await refusedWith(host.queue.put(many(2)), 'ERR_CAPACITY_EXCEEDED');
      assert.equal((await host.queue.put(many(1))).taken, 1);
      await refusedWith(host.queue.put(many(1)), 'ERR_CAPACITY_EXCEEDED');
      assert.equal((await host.queue.put(many(1, { tenant: 'other' }))).taken, 1);
      assert.equal((await host.store.stats()).queued, openJobs + 1);
    },
  ],
  [
    'has room again once jobs have ended',
    async (hosts) => {
      const host = hosts.start();
      for (let round = 0; round < 3; round += 1) {
        await host.queue.put(many(hosts.bench.openJobs));
        await until('all ran', () => host.ran.length === (round + 1) * hosts.bench.openJobs && host.queue.running === 0);
      }
    },
  ],
  [
    'refuses a job that is larger than one may be, and takes one of that size',
    async (hosts) => {
      const host = hosts.start();
      const most = jobBounds.jobBytes.value;
      await refusedWith(host.queue.put([makeJob({ body: 'ä'.repeat(most / 2 + 1) })]), 'ERR_ARGUMENT_INVALID');
      const body = JSON.stringify('\u0000\ud800 "ä" '.padEnd(10_000, 'x'));
      await host.queue.put([makeJob({ body })]);
      await until('it ran', () => host.ran.length === 1);
      assert.equal(host.ran[0]?.job.body, body);
    },
  ],
  [
    'never runs one job on two hosts that live',
    async (hosts) => {
      const all = [1, 2, 3].map(() =>
        hosts.start(async () => {
          await sleep(Math.random() * 20);
          return done;
        }),
      );
      const jobs = Array.from({ length: 10 }, (_, at) => many(10, { tenant: `t${String(at)}` }));
      await Promise.all(jobs.map((batch, at) => all[at % 3]?.queue.put(batch)));
      await until('all ran', () => all.reduce((sum, { ran }) => sum + ran.length, 0) >= 100);
      await sleep(300);
      const ids = all.flatMap(idsOf);
      assert.deepEqual([ids.length, new Set(ids).size], [100, 100]);
    },
    'shared',
  ],
  [
    'finishes what it runs before it closes, and gives the rest to others',
    async (hosts) => {
      const gate = Promise.withResolvers<Verdict>();
      const first = hosts.start(({ job }) => (job.what === 'hangs' ? new Promise(() => undefined) : gate.promise));
      const [finishes, hangs] = [makeJob(), makeJob({ what: 'hangs' })];
      await first.queue.put([finishes, hangs]);
      await until('both run', () => first.ran.length === 2);
      const closing = hosts.end(first, 300);
      gate.resolve(done);
      const second = hosts.start();
      await closing;
      await until('the other has it', () => second.ran.length === 1);
      assert.deepEqual(idsOf(second), [hangs.id]);
    },
    'shared',
  ],
  [
    'gives what a lost host ran to another, as a further attempt of the same job',
    async (hosts) => {
      const lost = hosts.start((_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(done))));
      const job = makeJob();
      await lost.queue.put([job]);
      await until('it runs', () => lost.ran.length === 1);
      await sleep(500);
      await hosts.bench.cut(lost.store);
      const other = hosts.start();
      await until('another ran it', () => other.ran.length === 1);
      assert.deepEqual([other.ran[0]?.job.id, other.ran[0]?.attempt, other.fates], [job.id, 2, [`again ${job.id}`]]);
    },
    'shared',
  ],
  [
    'counts what one request caused over all hosts, and refuses what goes over',
    async (hosts) => {
      const [one, two] = [hosts.start(undefined, {}, ['nobody']), hosts.start(undefined, {}, ['nobody'])];
      const spend = (events: number, turns = events): Spend => ({ tree: 'r-1', events, turns, mostEvents: 5, mostTurns: 9 });
      const put = async (host: Host, of: Spend): Promise<unknown> =>
        (await (hosts.bench.shared ? host : one).queue.put(many(1), of)).counted;
      assert.deepEqual(await put(one, spend(2)), { events: 2, turns: 2 });
      assert.deepEqual(await put(two, spend(2, 6)), { events: 4, turns: 8 });
      await refusedWith(put(one, spend(2, 1)), 'ERR_EVENT_LOOP');
      await refusedWith(put(two, spend(1, 2)), 'ERR_EVENT_LOOP');
      assert.deepEqual(await put(two, spend(1)), { events: 5, turns: 9 });
      assert.equal((await one.store.stats()).queued, 3);
    },
  ],
  [
    'says of a lane’s job that its predecessor runs on, and has the others wait in order',
    async (hosts) => {
      const gates = new Map<number, PromiseWithResolvers<Verdict>>([1, 2, 3].map((rank) => [rank, Promise.withResolvers<Verdict>()]));
      const ran: Claimed[] = [];
      const run: Run = (claimed) => {
        ran.push(claimed);
        return claimed.overlaps ? Promise.resolve(done) : (gates.get(claimed.job.lane?.rank ?? 0)?.promise ?? Promise.resolve(done));
      };
      const hosting = [hosts.start(run), ...(hosts.bench.shared ? [hosts.start(run)] : [])];
      const [host] = hosting;
      assert.ok(host !== undefined);
      const put = (rank: number) => host.queue.put([makeJob({ kind: 'schedule', tenant: '', lane: { name: 'lane', rank } })]);
      await put(1);
      await until('the first runs', () => ran.length === 1);
      await put(2);
      await until('the second is known to overlap', () => ran.length === 2);
      assert.deepEqual(
        ran.map(({ job, overlaps }) => [job.lane?.rank, overlaps]),
        [
          [1, false],
          [2, true],
        ],
      );
      gates.get(1)?.resolve(done);
      await until('the first ended', () => hosting.every(({ queue }) => queue.running === 0));
      await host.queue.put([3, 4].map((rank) => makeJob({ kind: 'schedule', tenant: '', lane: { name: 'lane', rank } })));
      await until('the third runs', () => ran.length >= 3);
      gates.get(3)?.resolve(done);
      await until('the fourth ran', () => ran.length === 4);
      assert.deepEqual(
        ran.slice(2).map(({ job, overlaps }) => [job.lane?.rank, overlaps]),
        [
          [3, false],
          [4, false],
        ],
      );
    },
    'lanes',
  ],
];
