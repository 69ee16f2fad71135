// Turns a record into one line of printable ASCII, and a line back into an entry. Must never let a guest's text end a line, add a key, or hide from a terminal.
import { hash } from 'node:crypto';
import { ledgerBounds } from './bounds.ts';
import type { LedgerHead, LedgerRecord } from './entry.ts';

/** What stands before the first entry. */
export const genesis: LedgerHead = { sequence: 0, hash: '0'.repeat(64) };

const fieldChars = ledgerBounds.fieldChars.value;
/** A key of summarised arguments is the contract's word. A guest's word has no business there, so what does not look like one of ours is counted, not kept. */
const argsKey = /^[a-z][A-Za-z0-9]{0,63}$/;
const notAscii = /[^\x20-\x7e]/;
const notAsciiAll = /[^\x20-\x7e]/g;
const linePattern =
  /^(\{"sequence":([1-9][0-9]{0,15}),"time":"[0-9TZ:.-]{24,27}","previous":"([0-9a-f]{64})",.*),"hash":"([0-9a-f]{64})"\}$/;

export const sha256 = (text: string): string => hash('sha256', text, 'hex');

/** Cut texts are longer than any kept one, so a guest cannot write one that passes for cut. */
const cut = (text: string): string =>
  text.length <= fieldChars ? text : `${text.slice(0, fieldChars)}~${text.length} characters, sha256 ${sha256(text)}`;

/** Only ASCII leaves: no C1 control, no bidi override, no U+2028, no half of a pair, whatever reads the file later. */
const escape = (json: string): string =>
  notAscii.test(json) ? json.replace(notAsciiAll, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`) : json;

/** Printable ASCII; what was parsed from a ledger's line gives that line again. */
export const makeAsciiJson = (value: unknown): string => escape(JSON.stringify(value));

interface Meter {
  charsLeft: number;
}

/** What an empty list, a null or a placeholder costs: thousands of them must not come for free. */
const nodeChars = 8;

const writeScalar = (value: unknown, meter: Meter): string => {
  const text =
    typeof value === 'string'
      ? JSON.stringify(cut(value))
      : typeof value === 'number' || typeof value === 'boolean'
        ? JSON.stringify(value)
        : `"<${typeof value}>"`;
  meter.charsLeft -= text.length;
  return text;
};

const writeItems = (list: readonly unknown[], depth: number, meter: Meter): string => {
  let text = '';
  let kept = 0;
  while (kept < list.length && kept < ledgerBounds.argsItems.value && meter.charsLeft >= 0) {
    text += `,${writeArgs(list[kept], depth + 1, meter)}`;
    kept += 1;
  }
  if (kept < list.length) text += `,"<${list.length - kept} more>"`;
  return `[${text.slice(1)}]`;
};

const writeKeys = (record: Readonly<Record<string, unknown>>, depth: number, meter: Meter): string => {
  const keys = Object.keys(record);
  let text = '';
  let kept = 0;
  for (const key of keys) {
    if (meter.charsLeft < 0 || kept === ledgerBounds.argsItems.value) break;
    if (!argsKey.test(key)) continue;
    meter.charsLeft -= key.length;
    text += `,"${key}":${writeArgs(record[key], depth + 1, meter)}`;
    kept += 1;
  }
  if (kept < keys.length) text += `,"~omitted":${keys.length - kept}`;
  return `{${text.slice(1)}}`;
};

/** Never JSON.stringify: no toJSON, cycle or bigint in the arguments may keep their record from being written. */
const writeArgs = (value: unknown, depth: number, meter: Meter): string => {
  if (typeof value !== 'object') return writeScalar(value, meter);
  meter.charsLeft -= nodeChars;
  if (value === null) return 'null';
  if (depth >= ledgerBounds.argsDepth.value) return '"<deep>"';
  return Array.isArray(value) ? writeItems(value, depth, meter) : writeKeys(value as Readonly<Record<string, unknown>>, depth, meter);
};

const bound = (record: LedgerRecord): LedgerRecord => {
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(record)) fields[key] = typeof value === 'string' ? cut(value) : value;
  return fields as unknown as LedgerRecord;
};

const isLong = (record: LedgerRecord): boolean => {
  // for-in: two entries a request pass here, and it costs a fifth of Object.values().
  for (const key in record) {
    const value: unknown = record[key as keyof LedgerRecord];
    if (typeof value === 'string' && value.length > fieldChars) return true;
  }
  return false;
};

const writeRecord = (record: LedgerRecord): string => {
  const kept = isLong(record) ? bound(record) : record;
  if (kept.kind !== 'call.start') return escape(JSON.stringify(kept));
  const args = writeArgs(kept.args, 0, { charsLeft: ledgerBounds.argsChars.value });
  return escape(`${JSON.stringify({ ...kept, args: undefined }).slice(0, -1)},"args":${args}}`);
};

/** The line that follows `head`, without its newline, and where the chain stands then. */
export const makeLine = (record: LedgerRecord, head: LedgerHead, time: string): { readonly line: string; readonly head: LedgerHead } => {
  const sequence = head.sequence + 1;
  const open = `{"sequence":${sequence},"time":"${time}","previous":"${head.hash}",${writeRecord(record).slice(1, -1)}`;
  const digest = sha256(`${open}}`);
  return { line: `${open},"hash":"${digest}"}`, head: { sequence, hash: digest } };
};

/** A line of the file whose own hash holds. What it says is still the file's word: the chain decides whether it is an entry. */
export interface ChainLink {
  readonly sequence: number;
  readonly previous: string;
  readonly hash: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** null for anything that is not one whole, unedited line. */
export const parseLine = (line: string): ChainLink | null => {
  if (line.length > ledgerBounds.lineBytes.value || notAscii.test(line)) return null;
  const match = linePattern.exec(line);
  const [, open, sequence, previous, digest] = match ?? [];
  if (open === undefined || previous === undefined || digest === undefined || sha256(`${open}}`) !== digest) return null;
  const fields = parseJson(line);
  if (typeof fields !== 'object' || fields === null) return null;
  return { sequence: Number(sequence), previous, hash: digest, fields: fields as Readonly<Record<string, unknown>> };
};
