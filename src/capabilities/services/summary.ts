// What the ledger keeps of a call: who, what, field names and counts. Must never keep a value.
import { servicesBounds } from './bounds.ts';

const maxKeyChars = 64;

const kindOf = (value: unknown): number | string => {
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length;
  return value === null ? 'null' : typeof value;
};

/** Lists and objects as how many they hold, anything else as its type. */
const describe = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return kindOf(value);
  const one: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof one !== 'object' || one === null || Array.isArray(one)) return { items: kindOf(value) };
  const keys = Object.keys(one);
  const shown = keys
    .slice(0, servicesBounds.summaryKeys.value)
    .map((key): readonly [string, unknown] => [key.slice(0, maxKeyChars), kindOf((one as Readonly<Record<string, unknown>>)[key])]);
  return { ...(Array.isArray(value) ? { items: value.length } : {}), fields: Object.fromEntries(shown), fieldCount: keys.length };
};

/** The bridge has checked the arguments' schema before it asks. */
export const summarizeCall = (args: unknown): Readonly<Record<string, unknown>> => {
  const {
    service,
    method,
    collection,
    args: list,
    transaction,
    lower,
  } = args as {
    readonly service: string;
    readonly method: string;
    readonly collection?: string;
    readonly args: readonly unknown[];
    readonly transaction?: number;
    readonly lower?: readonly string[];
  };
  return {
    service,
    method,
    ...(collection === undefined ? {} : { collection }),
    args: list.map(describe),
    ...(transaction === undefined ? {} : { transaction }),
    ...(lower === undefined ? {} : { lower }),
  };
};
