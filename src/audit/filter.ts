// Which entries of a ledger somebody asked for. Must never look at more than names and times.
import { CloisterError } from '../errors.ts';
import type { LedgerEntry } from '../ledger/entry.ts';

export interface EntryFilter {
  readonly extension?: string;
  readonly tenant?: string;
  readonly kind?: string;
  /** Milliseconds since 1970. */
  readonly sinceMs?: number;
}

const unitMs: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** `30m`, `12h`, `7d`: so long ago; or a time as ISO 8601 writes it. */
export const parseSince = (text: string, nowMs: number): number => {
  const [, count, unit] = /^([0-9]{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return nowMs - Number(count) * (unitMs.get(unit ?? '') ?? 0);
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new CloisterError('ERR_OPTIONS_INVALID', `--since ${text}: expected a time such as 2026-01-31T12:00:00Z, or 30m, 12h, 7d`);
};

export const fits = (entry: LedgerEntry, { extension, tenant, kind, sinceMs }: EntryFilter): boolean =>
  (extension === undefined || entry.extension === extension) &&
  (tenant === undefined || entry.tenant === tenant) &&
  (kind === undefined || entry.kind === kind) &&
  (sinceMs === undefined || Date.parse(entry.time) >= sinceMs);
