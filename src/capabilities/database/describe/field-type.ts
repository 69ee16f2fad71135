// What Directus calls a column's type and default. Pure; must never pass on an expression that names an object of the database.
import type { ColumnFacts } from './read-catalog.ts';

const byBase: ReadonlyMap<string, string> = new Map([
  ['int2', 'integer'],
  ['int4', 'integer'],
  ['int8', 'bigInteger'],
  ['float4', 'float'],
  ['float8', 'float'],
  ['numeric', 'decimal'],
  ['money', 'decimal'],
  ['bool', 'boolean'],
  ['text', 'text'],
  ['varchar', 'string'],
  ['bpchar', 'string'],
  ['name', 'string'],
  ['uuid', 'uuid'],
  ['date', 'date'],
  ['time', 'time'],
  ['timetz', 'time'],
  ['timestamp', 'dateTime'],
  ['timestamptz', 'timestamp'],
  ['json', 'json'],
  ['jsonb', 'json'],
  ['bytea', 'binary'],
]);

export const fieldTypeOf = ({ base, kind, category }: ColumnFacts): string => {
  if (category === 'A') return 'unknown';
  if (kind === 'e') return 'string';
  return byBase.get(base) ?? 'unknown';
};

const now = /^(?:now\(\)|CURRENT_TIMESTAMP(?:\(\d\))?|CURRENT_DATE|LOCALTIMESTAMP)$/;
const quoted = /^'((?:[^']|'')*)'(?:::[a-z_ ]+(?:\(\d+(?:,\d+)?\))?(?:\[\])?)?$/;
const numeric = /^\(?(-?\d+(?:\.\d+)?)\)?(?:::[a-z ]+)?$/;

/** A constant, AUTO_INCREMENT, or one of PostgreSQL's own functions; anything else is null: it could name what is not granted. */
export const defaultValueOf = ({ default: text, identity, generated }: ColumnFacts): string | number | boolean | null => {
  if (identity) return 'AUTO_INCREMENT';
  if (text === null || generated) return null;
  if (text.startsWith('nextval(')) return 'AUTO_INCREMENT';
  if (text === 'true' || text === 'false') return text === 'true';
  if (now.test(text)) return 'CURRENT_TIMESTAMP';
  if (text === 'gen_random_uuid()') return text;
  const number = numeric.exec(text)?.[1];
  if (number !== undefined) return Number(number);
  return quoted.exec(text)?.[1]?.replaceAll("''", "'") ?? null;
};

/** Digits of a numeric, length of a varchar. */
export const precisionOf = ({ base, typmod }: ColumnFacts): { readonly precision: number | null; readonly scale: number | null } =>
  base === 'numeric' && typmod >= 4
    ? { precision: ((typmod - 4) >> 16) & 0xffff, scale: (typmod - 4) & 0x7ff }
    : { precision: null, scale: null };
