// Which of the jobs that wait a host begins next: tenants in turn, and each job first by one host that all agree on, so that a hundred hosts do not ask for the same. Pure but for who was served; must never pick two of one lane.
import type { Want } from '../job.ts';
import type { Entry, JobView } from './view.ts';

export interface Picker {
  readonly host: string;
  /** Who gave a job back is the last to have it again, by so long. */
  readonly passMs: number;
  /** How long a job is left to each host that is before this one. */
  readonly stepMs: number;
}

export interface Picked {
  readonly entries: readonly Entry[];
  /** When the next may be begun that may not yet; by the server's clock. */
  readonly nextAt: number;
}

const mostSteps = 4;

/** FNV-1a: nobody's secret, only the same everywhere. */
const numberOf = (text: string): number => {
  let number = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) number = Math.imul(number ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return number;
};

/** 0: this host's own to begin. */
export const rankOf = (text: string, host: string, living: readonly string[]): number => {
  const mine = living.indexOf(host);
  if (mine < 0) return living.length === 0 ? 0 : mostSteps;
  return Math.min(mostSteps, (mine - (numberOf(text) % living.length) + living.length) % living.length);
};

const roomIn = ({ mostOfShare, running }: Want, share: string): number => mostOfShare - (running.get(share) ?? 0);

export const pickJobs = (view: JobView, want: Want, { host, passMs, stepMs }: Picker): Picked => {
  const { most, extensions } = want;
  const now = view.now();
  const here = new Set(extensions);
  const living = view.living(now);
  const each = Math.max(1, Math.ceil(most / 4));
  const picked: Entry[] = [];
  const lanes = new Set<string>();
  let nextAt = Number.POSITIVE_INFINITY;

  const mayBegin = (entry: Entry): boolean => {
    if (entry.job.lane === null) return true;
    // Before it was read in its place in the log, another of its lane may stand before it.
    if (entry.place.seq > view.lastSeq || lanes.has(entry.job.lane.name)) return false;
    return view.before(entry).length === 0 || view.overlaps(entry);
  };

  const turns = [...view.shares]
    .filter(([name, { waiting }]) => waiting.size > 0 && roomIn(want, name) > 0)
    .sort(([, one], [, other]) => one.servedAt - other.servedAt);
  for (const [name, share] of turns) {
    if (picked.length >= most) break;
    const room = Math.min(each, roomIn(want, name), most - picked.length);
    const own: Entry[] = [];
    const others: Entry[] = [];
    for (const entry of share.waiting) {
      if (own.length >= room) break;
      if (!here.has(entry.job.extension)) continue;
      const rank = rankOf(entry.job.id, host, living);
      const from = entry.dueAt + (entry.host === host ? passMs : 0) + rank * stepMs;
      if (from > now) nextAt = Math.min(nextAt, from);
      else if (mayBegin(entry)) {
        (rank === 0 ? own : others).push(entry);
        if (entry.job.lane !== null) lanes.add(entry.job.lane.name);
      }
    }
    const mine = [...own, ...others].slice(0, room);
    if (mine.length > 0) share.servedAt = performance.now();
    picked.push(...mine);
  }
  return { entries: picked, nextAt };
};
