// Takes jobs into the log: all of one call or none, in one message, within what its tenant may hold. Must never answer before it is written.
import { hash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloisterError, type ErrorCode } from '../../errors.ts';
import { jobBounds } from '../bounds.ts';
import { makeRoomError, makeUnavailableError } from '../errors.ts';
import { type Counted, type Job, type JobStore, type Put, type Spend, shareOf } from '../job.ts';
import { partsFor, writeParts } from './bodies.ts';
import type { Link } from './link.ts';
import type { Links } from './links.ts';
import type { Names } from './names.ts';
import { mostNameChars, type PutRecord, writeRecord } from './records.ts';
import type { Trees } from './trees.ts';
import type { JobView } from './view.ts';

export interface PutServices {
  readonly view: JobView;
  readonly names: Names;
  readonly links: Links;
  readonly trees: Trees;
  readonly openJobs: number;
}

const own: ReadonlySet<string> = new Set<ErrorCode>(['ERR_ARGUMENT_INVALID', 'ERR_CAPACITY_EXCEEDED', 'ERR_EVENT_LOOP']);
const isOwn = (error: unknown): boolean => error instanceof CloisterError && own.has(error.code);
const statementMs = jobBounds.statementMs.value;
const againMs = 200;
const nothing = new Uint8Array(0);

/** Written all the same, no host could read it. */
const refuseLongNames = (jobs: readonly Job[], spend: Spend | null): void => {
  const names = [
    spend?.tree ?? '',
    ...jobs.flatMap(({ id, tenant, extension, what, lane }) => [id, tenant, extension, what, lane?.name ?? '']),
  ];
  if (names.some((name) => name.length > mostNameChars))
    throw new CloisterError('ERR_ARGUMENT_INVALID', `A name of the event or of its tenant is over ${String(mostNameChars)} characters.`);
};

export const makePut = ({ view, names, links, trees, openJobs }: PutServices): JobStore['put'] => {
  /** Written by this host, and not yet in the view: of each share. */
  const underway = new Map<string, { jobs: number; bytes: number }>();

  /** Counted for what was refused; where this fails too, the request has a little less left. */
  const uncount = (link: Link, spend: Spend): Promise<unknown> =>
    trees.add(link, { ...spend, events: -spend.events, turns: -spend.turns }, null).catch(() => undefined);

  const makeRecord = (jobs: readonly Job[], spend: Spend | null, parts: number, token: string): PutRecord => ({
    record: 'put',
    version: 1,
    token,
    kind: jobs[0]?.kind ?? 'action',
    tenant: jobs[0]?.tenant ?? '',
    tree: spend?.tree ?? null,
    parts,
    jobs: jobs.map(({ id, extension, what, lane, body }) => ({ id, extension, what, lane, bytes: Buffer.byteLength(body) })),
  });

  /** What fails is tried again until the time is up: a server that restarts is back in a second or two. */
  const insist = async <Result>(first: Link, until: number, work: (link: Link, round: number) => Promise<Result>): Promise<Result> => {
    let link = first;
    for (let round = 0; ; round += 1) {
      try {
        return await work(link, round);
      } catch (error) {
        if (isOwn(error) || performance.now() + againMs > until) throw error;
        await sleep(againMs);
        link = await links.get(Math.max(againMs, until - performance.now()));
      }
    }
  };

  /** Under one name, however often it is written. */
  const write = async (first: Link, jobs: readonly Job[], spend: Spend | null, until: number): Promise<number> => {
    const bodies = Buffer.concat(jobs.map(({ body }) => Buffer.from(body)));
    const token = randomBytes(12).toString('base64url');
    const name = hash('sha256', jobs.map(({ id }) => id).join('\n'), 'base64url');
    return await insist(first, until, async (link, round) => {
      const parts = partsFor(link, bodies.length);
      const record = makeRecord(jobs, spend, parts, token);
      if (writeRecord(record).length > link.mostBytes / 3) throw makeRoomError();
      if (parts > 0) await writeParts(link, names, token, bodies);
      const written = await link.write(names.put(token), record, parts > 0 ? nothing : bodies, { name });
      if (written === null) throw new Error('NATS gave no sequence');
      // Of a round before this one it is most likely this host's own.
      if (written.duplicate) return round > 0 ? jobs.length : 0;
      view.apply(record, written.seq, view.now());
      return jobs.length;
    });
  };

  const putFresh = async (link: Link, jobs: readonly Job[], spend: Spend | null, until: number): Promise<Put> => {
    const [first] = jobs;
    if (first === undefined) return { taken: 0, counted: null };
    const share = shareOf(first);
    const bytes = jobs.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
    const waits = underway.get(share) ?? { jobs: 0, bytes: 0 };
    const there = view.open(share);
    const isFull =
      there.open + waits.jobs + jobs.length > openJobs ||
      there.bytes + waits.bytes + bytes > jobBounds.openBytes.value ||
      view.entries.size + jobs.length > jobBounds.followed.value;
    if (isFull) throw makeRoomError();
    underway.set(share, waits);
    waits.jobs += jobs.length;
    waits.bytes += bytes;
    let counted: Counted | null = null;
    try {
      counted = spend === null ? null : await insist(link, until, (on) => trees.add(on, spend, spend));
      const taken = await write(links.current ?? link, jobs, spend, until);
      if (taken === 0 && spend !== null) await uncount(link, spend);
      return { taken, counted: taken === 0 ? null : counted };
    } catch (error) {
      if (counted !== null && spend !== null && links.current !== null) void uncount(links.current, spend);
      throw error;
    } finally {
      waits.jobs -= jobs.length;
      waits.bytes -= bytes;
      if (waits.jobs === 0) underway.delete(share);
    }
  };

  return async (jobs, spend) => {
    refuseLongNames(jobs, spend);
    const until = performance.now() + statementMs;
    try {
      const link = await links.get(statementMs);
      const fresh = jobs.filter(({ id }) => !view.knows(id));
      return await putFresh(link, fresh, spend, until);
    } catch (error) {
      if (isOwn(error)) throw error;
      throw makeUnavailableError(error);
    }
  };
};
