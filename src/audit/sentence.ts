// One ledger entry in words, on one line. Must never let what a guest wrote move a cursor or start a line.
import { makeSafeText } from '../capabilities/log/safe-text.ts';
import type { LedgerEntry } from '../ledger/entry.ts';

/** Summarised arguments: names and counts, as the capability's contract keeps them. */
const showArgs = (args: Readonly<Record<string, unknown>>): string =>
  Object.entries(args)
    .map(([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(' ');

const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('  ');

const describe = (entry: LedgerEntry): string => {
  switch (entry.kind) {
    case 'request.start':
      return joined(`${entry.method} ${entry.path}`);
    case 'request.end':
      return joined(
        `${entry.method} ${entry.path}`,
        `answered ${String(entry.status)}`,
        entry.outcome === 'answered' ? '' : entry.outcome,
        `${String(entry.wallMs)} ms, ${String(entry.cpuMs)} ms CPU, ${String(entry.calls)} calls, ${String(entry.bytesIn)} bytes in, ${String(entry.bytesOut)} out`,
      );
    case 'call.start':
      return joined(
        `call ${String(entry.call)}`,
        `${entry.capability}.${entry.method}`,
        showArgs(entry.args),
        `${entry.decision} by ${entry.rule}${entry.candidate === undefined ? '' : ` (candidate: ${entry.candidate})`}`,
      );
    case 'call.end':
      return joined(
        `call ${String(entry.call)}`,
        entry.outcome,
        `${String(entry.rows)} rows, ${String(entry.bytes)} bytes, ${String(entry.wallMs)} ms`,
      );
    case 'limit':
      return joined(`limit ${entry.limit}`, `${String(entry.used)} of ${String(entry.allowed)}`);
    case 'life':
      return joined(entry.event, entry.subject, entry.reason);
    default:
      return entry satisfies never;
  }
};

/** It stands for others like one before it. */
const showRepeats = (entry: LedgerEntry): string =>
  'repeats' in entry && entry.repeats !== undefined ? `(${String(entry.repeats)} times more)` : '';

/** Everything but time and who: printable, one line. */
export const describeEntry = (entry: LedgerEntry): string => makeSafeText(joined(describe(entry), showRepeats(entry)));

/** One line of `cloister audit tail`. */
export const showEntry = (entry: LedgerEntry): string => {
  return `${makeSafeText(joined(entry.time, entry.extension, entry.tenant, entry.request, entry.kind))}  ${describeEntry(entry)}`;
};
