// Who used how much of what, by hour, day or month: sums over a ledger. Must never count an entry twice, nor a span of time that is not over unless asked to.
import type { LedgerEntry } from '../ledger/entry.ts';
import { FetchEnds } from '../ledger/fetch-ends.ts';

export const meterSpans = ['hour', 'day', 'month'] as const;
export type MeterSpan = (typeof meterSpans)[number];

export interface MeterRow {
  /** Start of the span, ISO 8601, UTC. */
  readonly from: string;
  readonly extension: string;
  readonly tenant: string;
  /** Requests and jobs that ended in it, however they ended. */
  requests: number;
  cpuMs: number;
  wallMs: number;
  /** Calls that were allowed. */
  calls: number;
  rows: number;
  bytesIn: number;
  bytesOut: number;
  /** Bytes of the results of `fetch`, as they went to the extension. */
  fetchBytes: number;
  /** Limits that were gone over. */
  breaches: number;
}

export interface MeterFilter {
  readonly extension?: string;
  readonly tenant?: string;
  /** Milliseconds since 1970; a span that begins before it is left out, so that no export has half of one. */
  readonly sinceMs?: number;
  /** Spans that end after it are left out: what is not over is not final. */
  readonly untilMs: number;
}

const cuts: Readonly<Record<MeterSpan, readonly [length: number, rest: string]>> = {
  hour: [13, ':00:00.000Z'],
  day: [10, 'T00:00:00.000Z'],
  month: [7, '-01T00:00:00.000Z'],
};

/** Start of the span that a time is in; times of a ledger are ISO 8601 in UTC. */
export const spanOf = (time: string, by: MeterSpan): string => {
  const [length, rest] = cuts[by];
  return time.slice(0, length) + rest;
};

/** Start of the span after it. */
const nextSpan = (from: string, by: MeterSpan): number => {
  const date = new Date(from);
  if (by === 'hour') return date.setUTCHours(date.getUTCHours() + 1);
  if (by === 'day') return date.setUTCDate(date.getUTCDate() + 1);
  return date.setUTCMonth(date.getUTCMonth() + 1);
};

/** In the order in which they are exported. */
export const meterColumns = [
  'from',
  'extension',
  'tenant',
  'requests',
  'cpuMs',
  'wallMs',
  'calls',
  'rows',
  'bytesIn',
  'bytesOut',
  'fetchBytes',
  'breaches',
] as const satisfies readonly (keyof MeterRow)[];

const emptyRow = (from: string, extension: string, tenant: string): MeterRow => ({
  from,
  extension,
  tenant,
  requests: 0,
  cpuMs: 0,
  wallMs: 0,
  calls: 0,
  rows: 0,
  bytesIn: 0,
  bytesOut: 0,
  fetchBytes: 0,
  breaches: 0,
});

/** Processor time is on record to the microsecond: sums of such numbers drift, those of whole microseconds do not. */
const round = (ms: number): number => Math.round(ms * 1_000) / 1_000;

const take = (row: MeterRow, entry: LedgerEntry): void => {
  switch (entry.kind) {
    case 'request.end':
      row.requests += 1;
      row.cpuMs = round(row.cpuMs + entry.cpuMs);
      row.wallMs = round(row.wallMs + entry.wallMs);
      row.bytesIn += entry.bytesIn;
      row.bytesOut += entry.bytesOut;
      break;
    case 'call.start':
      if (entry.decision !== 'deny') row.calls += 1;
      break;
    case 'call.end':
      row.rows += entry.rows;
      break;
    case 'limit':
      row.breaches += entry.repeats ?? 1;
      break;
    default:
      break;
  }
};

/** Rows in order of time, extension and tenant. */
export const readMeter = async (
  entries: AsyncIterable<LedgerEntry>,
  by: MeterSpan,
  { extension, tenant, sinceMs = Number.NEGATIVE_INFINITY, untilMs }: MeterFilter,
): Promise<readonly MeterRow[]> => {
  const rows = new Map<string, MeterRow>();
  const fetches = new FetchEnds();
  for await (const entry of entries) {
    if (entry.kind === 'life' || entry.extension === '') continue;
    if ((extension !== undefined && entry.extension !== extension) || (tenant !== undefined && entry.tenant !== tenant)) continue;
    const from = spanOf(entry.time, by);
    const key = JSON.stringify([from, entry.extension, entry.tenant]);
    const row = rows.get(key) ?? emptyRow(from, entry.extension, entry.tenant);
    rows.set(key, row);
    row.fetchBytes += fetches.take(entry);
    take(row, entry);
  }
  return [...rows]
    .filter(([, { from }]) => Date.parse(from) >= sinceMs && nextSpan(from, by) <= untilMs)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([, row]) => row);
};
