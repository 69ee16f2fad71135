// util.format. Must never throw for a value a guest can make.

import type { InspectOptions } from './inspect.ts';
import { inspect } from './inspect.ts';

const ownToString = (value: object): boolean => {
  const { toString } = value as { readonly toString?: unknown };
  return (
    typeof toString === 'function' &&
    toString !== Object.prototype.toString &&
    toString !== Error.prototype.toString &&
    toString !== Array.prototype.toString
  );
};

const asText = (value: unknown, options: InspectOptions): string => {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'object' && value !== null)
    return ownToString(value) && !(value instanceof Error) && !(value instanceof Date)
      ? String(value)
      : inspect(value, { ...options, depth: 0 });
  return Object.is(value, -0) ? '-0' : String(value);
};

const asNumber = (value: unknown, parse: (value: never) => number): string =>
  typeof value === 'bigint'
    ? `${value}n`
    : typeof value === 'symbol'
      ? 'NaN'
      : Object.is(parse(value as never), -0)
        ? '-0'
        : String(parse(value as never));

const asJson = (value: unknown): string => {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (String((error as Error).message).includes('circular')) return '[Circular]';
    throw error;
  }
};

const placeholders: Readonly<Record<string, (value: unknown, options: InspectOptions) => string>> = {
  s: asText,
  d: (value) => asNumber(value, Number),
  i: (value) => (typeof value === 'object' ? 'NaN' : asNumber(value, Number.parseInt)),
  f: (value) => asNumber(value, Number.parseFloat),
  j: asJson,
  o: (value, options) => inspect(value, { ...options, showHidden: true, depth: 4 }),
  O: (value, options) => inspect(value, options),
  c: () => '',
};

export const formatWithOptions = (options: InspectOptions, ...args: readonly unknown[]): string => {
  const [first] = args;
  if (args.length === 0) return '';
  let used = 0;
  let head = '';
  if (typeof first === 'string') {
    used = 1;
    head =
      args.length === 1
        ? first
        : first.replace(/%([sdifjoOc%])/g, (mark, kind: string) => {
            if (kind === '%') return '%';
            if (used >= args.length) return mark;
            used += 1;
            return placeholders[kind]?.(args[used - 1], options) ?? mark;
          });
  }
  const rest = args.slice(used).map((value) => (typeof value === 'string' ? value : inspect(value, options)));
  return (typeof first === 'string' ? [head, ...rest] : rest).join(' ');
};

export const format = (...args: readonly unknown[]): string => formatWithOptions({}, ...args);

export const stripVTControlCharacters = (text: string): string =>
  String(text).replace(/[\u001b\u009b][[\]()#;?]*(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-nq-uy=><~]/g, '');
