// Jobs in NATS JetStream: one log that every host follows, and writes that expect what they have seen, so of many hosts one wins. Must never give one job to two hosts that are heard of.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { jobBounds } from '../bounds.ts';
import type { Claimed, JobStore, OnDead, Settlement, Want } from '../job.ts';
import { readBodies } from './bodies.ts';
import type { Link } from './link.ts';
import { openLinks } from './links.ts';
import { findLost } from './lost.ts';
import { makeNames } from './names.ts';
import { pickJobs } from './pick.ts';
import { makePut } from './put.ts';
import type { StateRecord } from './records.ts';
import type { NatsSettings } from './settings.ts';
import { makeRoom, sweep } from './sweep.ts';
import { makeTrees, readTree } from './trees.ts';
import { type Entry, JobView } from './view.ts';

export interface NatsTerms {
  readonly holdMs: number;
  readonly quietMs: number;
  readonly passMs: number;
  readonly openJobs: number;
  readonly stepMs: number;
  readonly keptMs: number;
  readonly sweepMs: number;
}

const statementMs = jobBounds.statementMs.value;
const wakeMs = 2;
const roomMs = 5_000;
const defaultSweepMs = 60_000;
/** Whoever has an end to say comes again. */
const settleMs = 1_000;
const nothing = new Uint8Array(0);

type Change = Pick<StateRecord, 'state' | 'reason'> & Partial<StateRecord>;

export const openNatsStore = (settings: NatsSettings, terms: Partial<NatsTerms> = {}): JobStore => {
  const { holdMs, quietMs, passMs, openJobs, stepMs, keptMs, sweepMs } = {
    holdMs: jobBounds.holdMs.value,
    quietMs: jobBounds.quietMs.value,
    passMs: jobBounds.passMs.value,
    openJobs: jobBounds.openJobs.value,
    stepMs: jobBounds.stepMs.value,
    keptMs: jobBounds.keptMs.value,
    sweepMs: defaultSweepMs,
    ...terms,
  };
  const names = makeNames(settings.namespace);
  const view = new JobView();
  const trees = makeTrees(names);
  const host = randomBytes(9).toString('base64url');
  let isHere = false;
  let wake: () => void = () => undefined;
  let onDead: OnDead = () => undefined;
  let timer: NodeJS.Timeout | null = null;
  let sweptAt = Number.NEGATIVE_INFINITY;
  let roomAt = Number.NEGATIVE_INFINITY;
  let isCleaning = false;
  const tellDead: OnDead = (job, reason) => onDead(job, reason);
  /** This host asks for them now. */
  const asking = new Set<string>();
  /** Given to the queue, so begun. */
  const begun = new Set<string>();
  /** What a run has spent is counted once, however often its end has to be said. */
  const spent = new Set<string>();

  /** Many records come at once, and each look at what waits is a look at all of it. */
  let isWaking = false;
  const wakeSoon = (): void => {
    if (isWaking) return;
    isWaking = true;
    setTimeout(() => {
      isWaking = false;
      wake();
    }, wakeMs).unref();
  };

  const links = openLinks(settings, names, view, {
    onRead: wakeSoon,
    onOpen: (link) => {
      link.answer(names.alive(host));
      wake();
    },
  });

  const put = makePut({ view, names, links, trees, openJobs });

  const change = (entry: Entry, more: Change): StateRecord => ({
    record: 'state',
    version: 1,
    id: entry.job.id,
    attempts: entry.attempts,
    host: null,
    delayMs: 0,
    since: entry.since,
    ...more,
  });

  /** false: somebody else has changed it. */
  const write = async (link: Link, entry: Entry, more: Change): Promise<boolean> => {
    const record = change(entry, more);
    const subject = names.state(entry.job.id);
    const written = await link.write(subject, record, nothing, { last: entry.seq });
    if (written !== null) {
      view.apply(record, written.seq, view.now());
      return true;
    }
    // This host may have written it, and its answer was lost.
    const stored = await link.readLast(names.jobs, subject);
    if (stored?.record?.record === 'state') view.apply(stored.record, stored.seq, stored.at);
    return false;
  };

  const known = async <Result>(what: Promise<Result>): Promise<Result | null> => await what.catch(() => null);

  /** null: another has it, or it has to be given back. */
  const begin = async (link: Link, entry: Entry, bodies: Promise<Buffer | null>): Promise<Claimed | null> => {
    const overlaps = view.overlaps(entry);
    const { id } = entry.job;
    try {
      const attempts = entry.attempts + 1;
      if (!(await write(link, entry, { state: 'running', attempts, host, reason: entry.reason }))) return null;
      const [all, counted] = await Promise.all([bodies, entry.tree === null ? null : readTree(link, names, entry.tree)]);
      const { from, bytes } = entry.place;
      const body = all?.subarray(from, from + bytes);
      if (body?.length !== bytes) {
        await write(link, entry, { state: 'dead', reason: 'its body is gone' });
        return null;
      }
      begun.add(id);
      return {
        job: { ...entry.job, body: body.toString('utf8') },
        attempt: attempts,
        ageMs: Math.max(0, view.now() - entry.putAt),
        overlaps,
        counted,
      };
    } catch {
      // Whether it was begun is not known: the next beat finds it and gives it back.
      return null;
    }
  };

  const giveBack = async (link: Link, entries: readonly Entry[], reason: string): Promise<void> => {
    await Promise.all(
      entries.map((entry) => {
        const attempts = begun.has(entry.job.id) || entry.host !== host ? entry.attempts : entry.attempts - 1;
        begun.delete(entry.job.id);
        return known(write(link, entry, { state: 'queued', attempts, reason }));
      }),
    );
  };

  const say = async (link: Link, gone: boolean): Promise<void> => {
    const record = { record: 'host', version: 1, name: host, gone } as const;
    const written = await link.write(names.host(host), record, nothing, {});
    if (written === null) throw new Error('NATS gave no sequence');
    view.apply(record, written.seq, view.now());
    if (!gone) link.hasBeaten(written.seq);
  };

  /** Beside the beats, which must not wait for it. */
  const clean = async (link: Link): Promise<void> => {
    if (isCleaning) return;
    isCleaning = true;
    const sweeper = { view, link, names, host, keptMs, onDead: tellDead, write: (entry: Entry, more: Change) => write(link, entry, more) };
    try {
      if (performance.now() - sweptAt > sweepMs) {
        sweptAt = performance.now();
        await sweep(sweeper);
      } else if (performance.now() - roomAt > roomMs) {
        roomAt = performance.now();
        await makeRoom(sweeper);
      }
    } catch {
      // What is left is there the next time.
    } finally {
      isCleaning = false;
    }
  };

  const wakeAt = (at: number): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (!Number.isFinite(at)) return;
    timer = setTimeout(() => wake(), Math.max(1, at - view.now()));
    timer.unref();
  };

  return {
    scope: 'nats',
    put,
    async claim(want: Want) {
      const link = links.current;
      // Before its beat was read, others may take it for lost.
      if (!isHere || link === null || link.since === null) return [];
      const { entries, nextAt } = pickJobs(view, want, { host, passMs, stepMs });
      wakeAt(nextAt);
      // Until the queue has them all: a beat in between must not take one for an orphan.
      for (const { job } of entries) asking.add(job.id);
      const bodies = new Map<number, Promise<Buffer | null>>();
      for (const { place } of entries) {
        if (bodies.has(place.seq)) continue;
        const read = readBodies(link, names, place);
        read.catch(() => undefined);
        bodies.set(place.seq, read);
      }
      const claimed = await Promise.all(entries.map((entry) => begin(link, entry, bodies.get(entry.place.seq) ?? Promise.resolve(null))));
      for (const { job } of entries) asking.delete(job.id);
      return claimed.filter((one) => one !== null);
    },
    async beat(held, anew) {
      const ids = new Set(anew ? [] : held.map(({ job }) => job.id));
      // Looked for before anything is awaited: what is claimed meanwhile is nobody's orphan.
      const orphans = view.heldBy(host).filter(({ job: { id } }) => !ids.has(id) && !asking.has(id));
      const link = await links.get(statementMs);
      await say(link, false);
      isHere = true;
      await giveBack(link, orphans, 'its host could not go on with it');
      for (const name of await findLost(view, link, names, { host, holdMs, quietMs }))
        await giveBack(link, view.heldBy(name), 'its host was lost');
      void clean(link);
      const lost = held.flatMap(({ job: { id }, attempt }) => {
        const entry = view.entries.get(id);
        return entry?.state === 'running' && entry.host === host && entry.attempts === attempt ? [] : [id];
      });
      for (const id of lost) for (const all of [begun, spent]) all.delete(id);
      return lost;
    },
    async settle({ job: { id }, attempt }: Claimed, settlement: Settlement) {
      // First of all: a view that is read anew knows of nothing until then.
      const link = await links.get(settleMs);
      const entry = view.entries.get(id);
      // Given to another meanwhile, or said before.
      if (entry?.state !== 'running' || entry.host !== host || entry.attempts !== attempt) return;
      if (
        settlement.kind === 'done' &&
        settlement.spend !== null &&
        settlement.spend.events + settlement.spend.turns > 0 &&
        !spent.has(id)
      ) {
        await trees.add(link, settlement.spend, null);
        spent.add(id);
      }
      if (settlement.kind === 'again') {
        const { delayMs, counts, reason } = settlement;
        await write(link, entry, { state: 'queued', delayMs, reason, attempts: attempt - (counts ? 0 : 1), host: counts ? null : host });
      } else await write(link, entry, { state: settlement.kind, reason: settlement.kind === 'dead' ? settlement.reason : '' });
      spent.delete(id);
      begun.delete(id);
    },
    onWork(told, toldOfDead) {
      wake = told;
      onDead = toldOfDead;
    },
    async stats() {
      await (await links.get(statementMs)).catchUp();
      return view.stats();
    },
    async list(most) {
      await (await links.get(statementMs)).catchUp();
      return view.list(most);
    },
    async retry(id) {
      const link = await links.get(statementMs);
      await link.catchUp();
      const entry = view.entries.get(id);
      if (entry?.state !== 'dead') return false;
      return await write(link, entry, { state: 'queued', attempts: 0, since: view.now(), reason: entry.reason });
    },
    async drop(id) {
      const link = await links.get(statementMs);
      await link.catchUp();
      const entry = view.entries.get(id);
      if (entry === undefined || entry.state === 'running') return false;
      return await write(link, entry, { state: 'done', reason: 'dropped by an operator' });
    },
    async close() {
      wakeAt(Number.POSITIVE_INFINITY);
      const link = links.current;
      if (isHere && link !== null) {
        const leave = giveBack(link, view.heldBy(host), 'its host was shut down').then(() => say(link, true));
        await Promise.race([known(leave), sleep(statementMs, undefined, { ref: false })]);
      }
      await links.close();
    },
  };
};
