// console for guests: every line goes to the kernel's log, formatted as node does. Must never throw at the caller, nor build a line longer than the log would take.

import type { LogLevel } from '../hooks.ts';
import { hooks } from '../hooks.ts';
import { lazyInspect } from '../lazy.ts';
import { uptimeMs } from './performance.ts';

const longestLine = 16_384;

const counts = new Map<string, number>();
const timers = new Map<string, number>();
let indent = '';

const line = (args: readonly unknown[]): string => {
  // The common case needs no formatter: it is big and loaded at the first line that does.
  const [only] = args;
  if (args.length === 1 && typeof only === 'string') return only;
  try {
    return lazyInspect().format(...args);
  } catch {
    return '[a value whose inspection threw]';
  }
};

const write = (level: LogLevel, args: readonly unknown[]): void => {
  const text = line(args);
  const shown = indent === '' ? text : indent + text.replaceAll('\n', `\n${indent}`);
  hooks().log(level, [
    shown.length > longestLine ? `${shown.slice(0, longestLine)}… ${shown.length - longestLine} more characters` : shown,
  ]);
};

const labelOf = (label: unknown): string => (label === undefined ? 'default' : String(label));
const elapsed = (label: string): string | undefined => {
  const from = timers.get(label);
  return from === undefined ? undefined : `${label}: ${uptimeMs() - from}ms`;
};

const group = (...args: unknown[]): void => {
  if (args.length > 0) write('info', args);
  if (indent.length < 40) indent += '  ';
};

export const console = {
  log: (...args: unknown[]): void => write('info', args),
  info: (...args: unknown[]): void => write('info', args),
  debug: (...args: unknown[]): void => write('debug', args),
  warn: (...args: unknown[]): void => write('warn', args),
  error: (...args: unknown[]): void => write('error', args),
  trace: (...args: unknown[]): void =>
    write('trace', [`${line(['Trace:', ...args])}\n${String(new Error().stack).split('\n').slice(2).join('\n')}`]),
  dir: (value: unknown, options?: object): void => write('info', [lazyInspect().inspect(value, { customInspect: false, ...options })]),
  dirxml: (...args: unknown[]): void => write('info', args),
  table: (data: unknown): void => write('info', [data]),
  assert: (condition: unknown, ...args: unknown[]): void => {
    if (condition) return;
    const [first, ...rest] = args;
    write('error', typeof first === 'string' ? [`Assertion failed: ${first}`, ...rest] : ['Assertion failed', ...args]);
  },
  count: (label?: unknown): void => {
    const name = labelOf(label);
    const next = (counts.get(name) ?? 0) + 1;
    if (counts.size < 1_000 || counts.has(name)) counts.set(name, next);
    write('info', [`${name}: ${next}`]);
  },
  countReset: (label?: unknown): void => void counts.delete(labelOf(label)),
  time: (label?: unknown): void => void (timers.size < 1_000 && !timers.has(labelOf(label)) && timers.set(labelOf(label), uptimeMs())),
  timeLog: (label?: unknown, ...args: unknown[]): void => {
    const text = elapsed(labelOf(label));
    if (text !== undefined) write('info', [text, ...args]);
  },
  timeEnd: (label?: unknown): void => {
    const text = elapsed(labelOf(label));
    timers.delete(labelOf(label));
    if (text !== undefined) write('info', [text]);
  },
  group,
  groupCollapsed: group,
  groupEnd: (): void => {
    indent = indent.slice(2);
  },
  clear: (): void => {},
};
