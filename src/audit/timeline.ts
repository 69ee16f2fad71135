// One request as its ledger tells it: what it did, when, what decided, how it ended. Must never mix two requests.
import { makeSafeText } from '../capabilities/log/safe-text.ts';
import type { LedgerEntry } from '../ledger/entry.ts';
import { describeEntry } from './sentence.ts';

type Recorded = Extract<LedgerEntry, { readonly request: string }>;

export interface Timeline {
  readonly request: string;
  readonly extension: string;
  readonly version: string;
  readonly artifact: string;
  readonly tenant: string;
  /** As the first entry has it. */
  readonly time: string;
  readonly entries: readonly Recorded[];
  /** false: the ledger has no end of it; it runs, or the host was killed. */
  readonly ended: boolean;
}

const versionOf = (entries: readonly Recorded[]): { readonly version: string; readonly artifact: string } => {
  const named = entries.find((entry) => entry.kind === 'request.start' || entry.kind === 'request.end');
  return named === undefined ? { version: '', artifact: '' } : { version: named.version, artifact: named.artifact };
};

/** null where the ledger has nothing of that request. */
export const makeTimeline = async (entries: AsyncIterable<LedgerEntry>, request: string): Promise<Timeline | null> => {
  const found: Recorded[] = [];
  for await (const entry of entries) if ('request' in entry && entry.request === request) found.push(entry);
  const [first] = found;
  if (first === undefined) return null;
  const { extension, tenant, time } = first;
  return {
    request,
    extension,
    tenant,
    time,
    ...versionOf(found),
    entries: found,
    ended: found.some((entry) => entry.kind === 'request.end'),
  };
};

/** Lines for a reader at a terminal. */
export const showTimeline = (timeline: Timeline): readonly string[] => {
  const startMs = Date.parse(timeline.time);
  const artifact = timeline.artifact === '' ? '' : `, script ${timeline.artifact.slice(0, 12)}`;
  return [
    makeSafeText(
      `request ${timeline.request} of ${timeline.extension} ${timeline.version}${artifact}, tenant ${timeline.tenant}, ${timeline.time}`,
    ),
    ...timeline.entries.map(
      (entry) => `  +${String(Date.parse(entry.time) - startMs).padStart(5)} ms  ${entry.kind.padEnd(13)}  ${describeEntry(entry)}`,
    ),
    ...(timeline.ended ? [] : ['  (no end on record: it runs still, or its host was killed)']),
  ];
};
