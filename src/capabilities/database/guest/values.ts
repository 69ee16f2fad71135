// Values both ways, as `pg` makes them: bindings to text, rows by the type of their column, errors with their SQLSTATE. Runs in the isolate; must never call the host.
/// <reference path="../knex-inner.d.ts" />
import textParsers from 'pg-types/lib/textParsers.js';

/** The platform's Buffer, as far as it is used. */
declare const Buffer: { from(bytes: ArrayBufferLike, offset: number, length: number): { toString(encoding: 'base64' | 'hex'): string } };

export type WireBinding = string | number | boolean | null | { readonly $bytes: string };

/** What the host answers (contract.ts): PostgreSQL's text values, with the type of each column. */
export interface WireResult {
  readonly command: string;
  readonly rowCount: number | null;
  readonly fields: readonly (readonly [name: string, dataTypeID: number])[];
  readonly rows: readonly (readonly (string | null)[])[];
}

type Parse = (text: string) => unknown;
type Row = Record<string, unknown>;

/** `pg`'s own table: by it a timestamp becomes a Date, bytea a Buffer, and bigint and numeric stay text. */
const parsers = new Map<number, Parse>();
textParsers.init((oid, parse) => parsers.set(oid, parse));
const keepText: Parse = (text) => text;

const two = (value: number): string => String(value).padStart(2, '0');

/** Local time with its offset, as `pg` sends a Date: a column without time zone keeps the wall-clock time. */
const dateText = (date: Date): string => {
  const year = date.getFullYear();
  const offset = -date.getTimezoneOffset();
  const away = Math.abs(offset);
  const day = `${String(year < 1 ? 1 - year : year).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
  return `${day}T${time}${offset < 0 ? '-' : '+'}${two(Math.floor(away / 60))}:${two(away % 60)}${year < 1 ? ' BC' : ''}`;
};

const encodeView = (view: ArrayBufferView, encoding: 'base64' | 'hex'): string =>
  Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString(encoding);

const arrayElement = (value: unknown): string => {
  if (value === null || value === undefined) return 'NULL';
  if (Array.isArray(value)) return arrayText(value);
  const prepared = prepareValue(value, []);
  if (prepared === null) return 'NULL';
  if (typeof prepared !== 'string') return `\\\\x${encodeView(prepared, 'hex')}`;
  return `"${prepared.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
};

const arrayText = (values: readonly unknown[]): string => `{${values.map(arrayElement).join(',')}}`;

/** A value as `pg` binds it: text, bytes or NULL. */
const prepareValue = (value: unknown, seen: readonly object[]): string | ArrayBufferView | null => {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'object') return String(value);
  if (ArrayBuffer.isView(value)) return value;
  if (value instanceof Date) return dateText(value);
  if (Array.isArray(value)) return arrayText(value);
  const { toPostgres } = value as { readonly toPostgres?: unknown };
  if (typeof toPostgres !== 'function') return JSON.stringify(value) ?? null;
  if (seen.includes(value)) throw new Error(`circular reference detected while preparing "${String(value)}" for query`);
  const inner = [...seen, value];
  return prepareValue(Reflect.apply(toPostgres, value, [(part: unknown) => prepareValue(part, inner)]), inner);
};

/** What is an object to JavaScript is text from here on: the host has nothing to call on a guest's value. */
export const encodeBinding = (value: unknown): WireBinding => {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  // JSON has no NaN, no infinities and no bigint.
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  const prepared = prepareValue(value, []);
  return prepared === null || typeof prepared === 'string' ? prepared : { $bytes: encodeView(prepared, 'base64') };
};

/** Makes rows of one result: each value by the parser of its column. */
export const makeRowReader = (
  fields: WireResult['fields'],
  rowMode: string | undefined,
): ((texts: readonly (string | null)[]) => unknown) => {
  const names = fields.map(([name]) => name);
  const parse = fields.map(([, dataTypeID]) => parsers.get(dataTypeID) ?? keepText);
  const value = (text: string | null, index: number): unknown => (text === null ? null : (parse[index] ?? keepText)(text));
  if (rowMode === 'array') return (texts) => texts.map(value);
  return (texts) => {
    const row: Row = {};
    for (let index = 0; index < names.length; index += 1) row[names[index] ?? ''] = value(texts[index] ?? null, index);
    return row;
  };
};

/** The shape `pg` answers with; Knex and hand-written code read `rows`, `fields`, `rowCount` and `command`. */
export const decodeResult = (result: WireResult, rowMode: string | undefined): object => ({
  command: result.command,
  rowCount: result.rowCount,
  oid: null,
  rows: result.rows.map(makeRowReader(result.fields, rowMode)),
  fields: result.fields.map(([name, dataTypeID]) => ({
    name,
    tableID: 0,
    columnID: 0,
    dataTypeID,
    dataTypeSize: -1,
    dataTypeModifier: -1,
    format: 'text',
  })),
});

/** Code in the wild tests `code === '23505'` and reads `constraint`: so a failed statement looks as it does from `pg`. */
export const decodeError = (error: unknown): unknown => {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_DATABASE_FAILED' || !('extensions' in error)) return error;
  const { extensions } = error;
  if (typeof extensions !== 'object' || extensions === null || !('sqlState' in extensions)) return error;
  const { sqlState, ...details } = extensions;
  return Object.assign(new Error(error.message), details, { name: 'error', severity: 'ERROR', code: sqlState });
};
