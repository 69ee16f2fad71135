// Values of a filter, checked against the kind of field they are compared with. Must never pass on what PostgreSQL would not read as that kind.
import { itemsBounds } from './bounds.ts';
import { invalidQuery } from './errors.ts';
import type { Kind } from './model.ts';

const integer = /^[+-]?\d{1,30}$/;
const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/;
const uuid = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
/** A date that PostgreSQL reads without looking at its own settings. */
const date = /^[+-]?\d{4,6}-\d{1,2}-\d{1,2}(?:[T ].{1,40})?$/;
const time = /^\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{1,2}(?::?\d{2})?)?$/;

/** Text of a value, where it can be one of the kind. */
export const textOfKind = (value: unknown, kind: Kind): string | undefined => {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  if (typeof value === 'number' && !Number.isFinite(value)) return undefined;
  const text = String(value);
  if (text.includes('\u0000') || !text.isWellFormed()) return undefined;
  switch (kind) {
    case 'text':
    case 'other':
    case 'binary':
      return text;
    case 'integer':
      return typeof value !== 'boolean' && integer.test(text) ? text : undefined;
    case 'number':
      return typeof value !== 'boolean' && number.test(text) ? text : undefined;
    case 'boolean':
      if (value === 1 || value === 0) return value === 1 ? 'true' : 'false';
      return text === 'true' || text === 'false' ? text : undefined;
    case 'uuid':
      return uuid.test(text) ? text : undefined;
    case 'date':
    case 'dateTime':
    case 'timestamp':
      return typeof value === 'string' && date.test(text) ? text : undefined;
    case 'time':
      return typeof value === 'string' && time.test(text) ? text : undefined;
    case 'json':
      return undefined;
    default: {
      const missing: never = kind;
      return missing;
    }
  }
};

export const operandOf = (value: unknown, kind: Kind, operator: string): string => {
  const text = textOfKind(value, kind);
  if (text === undefined) throw invalidQuery(`"${operator}" got a value that does not fit its field`);
  if (text.length > itemsBounds.textChars.value) throw invalidQuery(`"${operator}" got a value that is too long`);
  return text;
};

export const operandsOf = (value: unknown, kind: Kind, operator: string): readonly string[] => {
  if (!Array.isArray(value)) throw invalidQuery(`"${operator}" has to be an array`);
  if (value.length > itemsBounds.listItems.value)
    throw invalidQuery(`"${operator}" holds more than ${String(itemsBounds.listItems.value)} values`);
  return value.map((one: unknown) => operandOf(one, kind, operator));
};
