// Ledger entries as CSV (RFC 4180). Must never give a spreadsheet a formula.
import type { LedgerEntry } from '../ledger/entry.ts';

/** The union of what entries have; a test holds it against the entry's type. */
export const csvColumns = [
  'sequence',
  'time',
  'kind',
  'extension',
  'version',
  'artifact',
  'tenant',
  'request',
  'chain',
  'call',
  'cause',
  'capability',
  'method',
  'path',
  'args',
  'digest',
  'decision',
  'rule',
  'candidate',
  'repeats',
  'status',
  'outcome',
  'rows',
  'bytes',
  'bytesIn',
  'bytesOut',
  'calls',
  'cpuMs',
  'wallMs',
  'heapGrowthKb',
  'logLines',
  'logBytes',
  'limit',
  'allowed',
  'used',
  'event',
  'subject',
  'reason',
  'previous',
  'hash',
] as const;

/** What a spreadsheet takes for a formula gets a quote before it (OWASP, "CSV injection"). */
const startsFormula = /^[=+\-@\t\r]/;

const showCell = (value: unknown): string => {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const safe = typeof value !== 'number' && startsFormula.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export const makeCsvLine = (values: readonly unknown[]): string => values.map(showCell).join(',');

export const csvHead = csvColumns.join(',');

export const makeCsvRow = (entry: LedgerEntry): string => {
  const fields = new Map<string, unknown>(Object.entries(entry));
  return makeCsvLine(csvColumns.map((column) => fields.get(column)));
};
