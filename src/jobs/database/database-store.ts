// Jobs in the schema cloister of the host's own database: whoever locks a row first has it. Must never give one job to two hosts that are heard of.
import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { CloisterError, type ErrorCode } from '../../errors.ts';
import { jobBounds } from '../bounds.ts';
import { makeLoopError, makeRoomError, makeUnavailableError } from '../errors.ts';
import type { Claimed, Job, JobKind, JobStats, JobStore, ListedJob, OnDead, Put, Settlement, Spend, Want } from '../job.ts';
import { unclaimed } from '../job.ts';
import { openListener } from './listener.ts';
import { openSession, Refused, type Session } from './session.ts';
import * as sql from './statements.ts';
import { ensureTables } from './tables.ts';

export interface JobDatabase {
  readonly namespace: string;
  openAdmin(applicationName: string): Promise<Client>;
}

export interface DatabaseTerms {
  readonly holdMs: number;
  readonly quietMs: number;
  readonly passMs: number;
  readonly unclaimedMs: number;
  readonly openJobs: number;
}

interface PutRow {
  readonly fresh: number;
  readonly put: number;
  readonly room: boolean;
  readonly events: number | null;
  readonly turns: number | null;
  readonly tooManyEvents: boolean;
  readonly tooManyTurns: boolean;
}

interface ClaimRow {
  readonly id: string;
  readonly kind: JobKind;
  readonly tenant: string;
  readonly extension: string;
  readonly what: string;
  readonly lane: string | null;
  readonly rank: number | null;
  readonly body: string;
  readonly attempts: number;
  readonly overlaps: boolean;
  readonly ageMs: number;
  readonly events: number | null;
  readonly turns: number | null;
}

/** What a put is refused for by itself; everything else is the database's, its connecting included. */
const own: ReadonlySet<string> = new Set<ErrorCode>(['ERR_CAPACITY_EXCEEDED', 'ERR_EVENT_LOOP']);
/** Two puts may find one id at once. */
const tries = 3;
const writers = 2;
const pruneMs = 60_000;
const application = 'cloister:jobs';

const toClaimed = ({ attempts, overlaps, ageMs, events, turns, lane, rank, ...job }: ClaimRow): Claimed => ({
  job: { ...job, lane: lane === null || rank === null ? null : { name: lane, rank } },
  attempt: attempts,
  ageMs,
  overlaps,
  counted: events === null || turns === null ? null : { events, turns },
});

const column = <Key extends keyof Job>(jobs: readonly Job[], key: Key): readonly Job[Key][] => jobs.map((job) => job[key]);

export const openDatabaseStore = (database: JobDatabase, terms: Partial<DatabaseTerms> = {}): JobStore => {
  const { holdMs, quietMs, passMs, unclaimedMs, openJobs } = {
    holdMs: jobBounds.holdMs.value,
    quietMs: jobBounds.quietMs.value,
    passMs: jobBounds.passMs.value,
    unclaimedMs: jobBounds.unclaimedMs.value,
    openJobs: jobBounds.openJobs.value,
    ...terms,
  };
  const { namespace } = database;
  let ready: Promise<void> | null = null;
  /** Before anything else, and once. */
  const prepare = (client: Client): Promise<void> => {
    ready ??= ensureTables(client).catch((error: unknown) => {
      ready = null;
      throw error;
    });
    return ready;
  };
  const connect = (): Promise<Client> => database.openAdmin(application);
  const work = openSession(connect, prepare);
  const puts = Array.from({ length: writers }, () => openSession(connect, prepare));
  const listener = openListener(connect, namespace);
  let host: string | null = null;
  /** Id → the name of this host that holds it: what is held under one that is gone others may have begun. */
  const heldBy = new Map<string, string>();
  let onDead: OnDead = () => undefined;
  let prunedAt = Number.NEGATIVE_INFINITY;

  const values = (jobs: readonly Job[], spend: Spend | null): readonly unknown[] => [
    namespace,
    jobs[0]?.kind,
    jobs[0]?.tenant,
    ...(['id', 'extension', 'what'] as const).map((key) => column(jobs, key)),
    jobs.map(({ lane }) => lane?.name ?? null),
    jobs.map(({ lane }) => lane?.rank ?? null),
    column(jobs, 'body'),
    openJobs,
    jobBounds.openBytes.value,
    spend?.tree ?? null,
    spend?.events ?? 0,
    spend?.turns ?? 0,
    spend?.mostEvents ?? 0,
    spend?.mostTurns ?? 0,
  ];

  /** null: another put the same at the same moment. */
  const putOnce = (on: Session, jobs: readonly Job[], spend: Spend | null): Promise<Put | null> =>
    on.transaction(async (client) => {
      const { rows } = await client.query<PutRow>({ name: 'cloister_jobs_put', text: sql.put, values: [...values(jobs, spend)] });
      const [row] = rows;
      if (row === undefined) throw new Error('the database gave no answer');
      if (row.fresh === 0) return { taken: 0, counted: null };
      if (!row.room) throw new Refused(makeRoomError());
      if (row.tooManyEvents) throw new Refused(makeLoopError('eventsPerRequest', spend?.mostEvents ?? 0));
      if (row.tooManyTurns) throw new Refused(makeLoopError('listenersPerRequest', spend?.mostTurns ?? 0));
      if (row.put < row.fresh) throw new Refused(takenMeanwhile);
      return { taken: row.put, counted: row.events === null || row.turns === null ? null : { events: row.events, turns: row.turns } };
    });

  const prune = async (): Promise<void> => {
    if (performance.now() - prunedAt < pruneMs) return;
    prunedAt = performance.now();
    await work.query(sql.forgetDone, [namespace, jobBounds.keptMs.value]);
    await work.query(sql.forgetDead, [namespace, jobBounds.deadMs.value, jobBounds.deadOfTenant.value]);
    await work.query(sql.forgetTrees, [namespace]);
    await work.query(sql.forgetTenants, [namespace]);
    for (const { id } of await work.query<{ readonly id: string }>(sql.findUnclaimed, [namespace, unclaimedMs])) {
      // Of several hosts that find it one buries it, and says so.
      for (const job of await work.query<Pick<Job, 'id' | 'extension' | 'tenant'>>(sql.buryQueued, [namespace, id, unclaimed]))
        onDead(job, unclaimed);
    }
  };

  return {
    scope: 'database',
    async put(jobs, spend) {
      const on = puts.reduce((least, one) => (one.waiting < least.waiting ? one : least));
      const until = performance.now() + jobBounds.statementMs.value;
      let failure: unknown;
      for (let round = 0; round < tries && performance.now() < until; round += 1) {
        try {
          const put = await putOnce(on, jobs, spend);
          if (put !== null) return put;
        } catch (error) {
          if (error instanceof CloisterError && own.has(error.code)) throw error;
          // The write may have been made, or another's of the same id: asked again, it is known.
          failure = error;
        }
      }
      throw makeUnavailableError(failure);
    },
    async claim({ most, mostOfShare, running, extensions }: Want) {
      const name = host;
      if (name === null) return [];
      const share = Math.max(1, Math.ceil(most / 4));
      const rows = await work.query<ClaimRow>(sql.claim, [
        namespace,
        most,
        share,
        mostOfShare,
        [...running.keys()],
        [...running.values()],
        extensions,
        name,
        passMs,
      ]);
      for (const { id } of rows) heldBy.set(id, name);
      return rows.map(toClaimed);
    },
    async beat(held, anew) {
      const { pid, since } = listener.backend ?? { pid: null, since: null };
      if (anew && host !== null) {
        await work.query(sql.leave, [namespace, host, 'its host was not heard of for too long']);
        host = null;
      }
      if (host !== null && (await work.query(sql.beat, [namespace, host, pid, since])).length === 0) host = null;
      if (host === null) {
        const name = randomBytes(9).toString('base64url');
        await work.query(sql.enroll, [namespace, name, pid, since]);
        host = name;
      }
      const running = held.map(({ job }) => job.id);
      const reaped = await work.query(sql.reap, [namespace, holdMs, quietMs]);
      const orphans = await work.query(sql.orphans, [namespace, host, running, holdMs]);
      if (reaped.length + orphans.length > 0) listener.wake();
      await prune();
      // Not before: a beat that fails on its way says it the next time.
      const lost = [...heldBy].flatMap(([id, name]) => (name === host ? [] : [id]));
      for (const id of lost) heldBy.delete(id);
      return lost;
    },
    async settle({ job, attempt }: Claimed, settlement: Settlement) {
      const name = heldBy.get(job.id) ?? null;
      const mine = [namespace, job.id, name, attempt];
      if (settlement.kind === 'dead') await work.query(sql.bury, [...mine, settlement.reason]);
      else if (settlement.kind === 'again')
        await work.query(sql.again, [...mine, settlement.delayMs, settlement.counts, settlement.reason]);
      else
        await work.query(sql.done, [...mine, settlement.spend?.tree ?? null, settlement.spend?.events ?? 0, settlement.spend?.turns ?? 0]);
      if (heldBy.get(job.id) === name) heldBy.delete(job.id);
    },
    onWork(wake, tellDead) {
      onDead = tellDead;
      listener.open(wake);
    },
    async stats() {
      const [row] = await work.query<{ readonly [Key in keyof JobStats]: number }>(sql.stats, [namespace]);
      if (row === undefined) throw new Error('the database gave no answer');
      return { ...row, lagMs: Math.round(row.lagMs) };
    },
    async list(most) {
      const rows = await work.query<Omit<ListedJob, 'since'> & { readonly since: Date }>(sql.list, [namespace, most]);
      return rows.map((row) => ({ ...row, since: row.since.toISOString() }));
    },
    retry: async (id) => (await work.query(sql.retry, [namespace, id])).length > 0,
    drop: async (id) => (await work.query(sql.drop, [namespace, id])).length > 0,
    async close() {
      if (host !== null) await work.query(sql.leave, [namespace, host, 'its host was shut down']).catch(() => undefined);
      await Promise.all([listener.close(), work.close(), ...puts.map((one) => one.close())]);
    },
  };
};

const takenMeanwhile = new Error('another host put the same job at the same moment');
