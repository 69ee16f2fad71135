// Takes away what nobody needs any more: jobs that are done, the dead that are old, hosts that are gone. Must never take the end of a job away before the job itself.
import { setImmediate as breathe } from 'node:timers/promises';
import { jobBounds } from '../bounds.ts';
import { type OnDead, unclaimed as unclaimedReason } from '../job.ts';
import type { Link } from './link.ts';
import type { Names } from './names.ts';
import { rankOf } from './pick.ts';
import type { StateRecord } from './records.ts';
import type { Entry, JobView, Mark } from './view.ts';

/** What the host whose turn it is has not taken away by then, another may; and this one forgets it. */
const graceMs = 120_000;
const atOnce = 32;
/** In one go; what is left waits for the next. */
const most = 2_000;
const hostMs = 3_600_000;

export interface Sweeper {
  readonly view: JobView;
  readonly link: Link;
  readonly names: Names;
  readonly host: string;
  readonly keptMs: number;
  readonly onDead: OnDead;
  /** false: somebody else has changed it. */
  write(entry: Entry, change: Pick<StateRecord, 'state' | 'reason'>): Promise<boolean>;
}

const inBatches = async <Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> => {
  for (let from = 0; from < items.length; from += atOnce) {
    await Promise.all(items.slice(from, from + atOnce).map(work));
    await breathe();
  }
};

export const isOver = (view: JobView, { ids }: Mark): boolean => ids.every((id) => !view.entries.has(id));

/** The messages that put what has ended, and their bodies; first of all, since what they say would be begun anew. Most lie before all that are open, and go in one request; with `holes`, this host's share of those between too. */
const removePuts = async ({ view, link, names, host }: Sweeper, holes: boolean): Promise<void> => {
  const present = [...view.present].filter((seq) => seq <= view.lastSeq);
  const isOpen = (seq: number): boolean => {
    const mark = view.marks.get(seq);
    return mark !== undefined && !isOver(view, mark);
  };
  const below = Math.min(view.firstUnread, present.find(isOpen) ?? view.lastSeq + 1);
  const over = present.filter((seq) => !isOpen(seq));
  const gone = over.filter((seq) => seq < below);
  if (gone.length > 0) await link.purge(names.allPuts, below);
  const living = view.living(view.now());
  const isMine = (seq: number): boolean => rankOf(view.marks.get(seq)?.token ?? '', host, living) === 0;
  const between = holes ? over.filter((seq) => seq > below && isMine(seq)).slice(0, most) : [];
  await inBatches(between, (seq) => link.remove(seq));
  await inBatches([...gone, ...between], async (seq) => {
    const { token, parts } = view.marks.get(seq) ?? { token: '', parts: 0 };
    if (parts > 0) await link.purge(names.partsOf(token));
    view.present.delete(seq);
  });
};

/** For room, by one host of them all. */
export const makeRoom = async (sweeper: Sweeper): Promise<void> => {
  const { view, host } = sweeper;
  if (rankOf('puts', host, view.living(view.now())) === 0) await removePuts(sweeper, false);
};

const buryOld = async ({ view, write, host, onDead }: Sweeper, now: number, living: readonly string[]): Promise<void> => {
  const isMine = (entry: Entry, since: number): boolean => now - since > graceMs || rankOf(entry.job.id, host, living) === 0;
  const unclaimed = [...view.shares.values()]
    .flatMap(({ waiting }) => [...waiting])
    .filter((entry) => now - entry.putAt > jobBounds.unclaimedMs.value && isMine(entry, entry.putAt + jobBounds.unclaimedMs.value));
  await inBatches(unclaimed.slice(0, most), async (entry) => {
    if (await write(entry, { state: 'dead', reason: unclaimedReason })) onDead(entry.job, unclaimedReason);
  });
  const counts = new Map<string, number>();
  const old = [...view.dead]
    .sort((one, other) => other.endedAt - one.endedAt)
    .filter((entry) => {
      const share = `${entry.job.kind} ${entry.job.tenant}`;
      counts.set(share, (counts.get(share) ?? 0) + 1);
      const isOld = now - entry.endedAt > jobBounds.deadMs.value || (counts.get(share) ?? 0) > jobBounds.deadOfTenant.value;
      return isOld && isMine(entry, now);
    });
  await inBatches(old.slice(0, most), (entry) => write(entry, { state: 'done', reason: 'it was dead for too long' }));
};

export const sweep = async (sweeper: Sweeper): Promise<void> => {
  const { view, link, names, host, keptMs } = sweeper;
  const now = view.now();
  const living = view.living(now);
  await buryOld(sweeper, now, living);
  await removePuts(sweeper, true);

  const endedFor = ({ ids, at }: Mark): number => Math.min(...ids.map((id) => now - (view.ended.get(id) ?? at)));
  // An id that two messages put goes with the last of them.
  const mentions = new Map<string, number>();
  for (const { ids } of view.marks.values()) for (const id of ids) mentions.set(id, (mentions.get(id) ?? 0) + 1);
  const over = [...view.marks].filter(([, mark]) => isOver(view, mark) && endedFor(mark) > keptMs).slice(0, most);
  await inBatches(over, async ([seq, mark]) => {
    const isMine = rankOf(mark.token, host, living) === 0;
    if (!isMine && endedFor(mark) < keptMs + graceMs) return;
    if (isMine && view.present.has(seq)) return;
    view.marks.delete(seq);
    view.present.delete(seq);
    for (const id of mark.ids) {
      const left = (mentions.get(id) ?? 1) - 1;
      mentions.set(id, left);
      if (left > 0) continue;
      if (isMine) await link.purge(names.state(id));
      view.forget(id);
    }
  });
  // Their messages were gone before this host came.
  const alone = [...view.ended].filter(([id, at]) => !mentions.has(id) && now - at > keptMs).slice(0, most);
  await inBatches(alone, async ([id, at]) => {
    const isMine = rankOf(id, host, living) === 0;
    if (!isMine && now - at < keptMs + graceMs) return;
    if (isMine) await link.purge(names.state(id));
    view.forget(id);
  });
  const gone = [...view.hosts].filter(([name, { beatAt }]) => name !== host && now - beatAt > hostMs && view.heldBy(name).length === 0);
  await inBatches(gone, async ([name]) => {
    await link.purge(names.host(name));
    view.hosts.delete(name);
  });
};
