// Code that is too heavy for the startup image of every cell: the ward holds its text, and a cell that needs it evaluates it then. Must never evaluate anything but what the ward hands over under a name of this list.

import * as refusing from './builtins/refusing.ts';
import * as buffer from './globals/buffer.ts';
import * as timers from './globals/timers.ts';
import * as hooksModule from './hooks.ts';
import { hooks } from './hooks.ts';
import * as errors from './http/node-error.ts';
import * as keyMaterial from './key-material.ts';
import * as names from './names.ts';
import type { SharedModule } from './shared-modules.ts';

// esbuild turns require() with a literal into a call of that module's wrapper; no require exists when this runs.
declare const require: (name: string) => unknown;

export type Namespace = Readonly<Record<string, unknown>>;
type PartFactory = (require: (name: string) => unknown, module: { exports: Namespace }) => void;

/** Modules of the startup image that parts stand on too: one Buffer, one stream class. sandbox/build.ts leaves them out of a part. */
const shared: Readonly<Record<SharedModule, () => unknown>> = {
  'globals/buffer.ts': () => buffer,
  'globals/dom-exception.ts': () => require('./globals/dom-exception.ts'),
  'globals/process.ts': () => require('./globals/process.ts'),
  'globals/crypto.ts': () => require('./globals/crypto.ts'),
  'globals/timers.ts': () => timers,
  'http/node-error.ts': () => errors,
  'builtins/refusing.ts': () => refusing,
  'hooks.ts': () => hooksModule,
  'key-material.ts': () => keyMaterial,
  'lazy.ts': () => require('./lazy.ts'),
  'names.ts': () => names,
  'parts.ts': () => self,
  'readable-stream': () => require('readable-stream'),
};

/** What sandbox/build.ts puts before their names. */
const prefix = 'cloister:shared/';

// Before an extension runs: what it does to its globals is not what the platform loads code with.
// biome-ignore lint/security/noGlobalEval: an isolate has no other way to code that is not in its image, and the text is ours.
const evaluate = globalThis.eval;
const loaded = new Map<string, Namespace>();

/** The exports of a part, evaluated once. */
export const loadPart = (name: string): Namespace => {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const module: { exports: Namespace } = { exports: {} };
  const factory = evaluate(hooks().part(name)) as PartFactory;
  factory((path) => shared[path.slice(prefix.length) as SharedModule](), module);
  loaded.set(name, module.exports);
  return module.exports;
};

const keep = (target: object, name: string, value: unknown): void => {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true });
};

/** What a built-in has of a part: its export `members`. */
export const membersOf = (part: string): Namespace => loadPart(part)['members'] as Namespace;

/** A built-in whose members come from a part: functions are there at once and load it when they are called, classes and other values when they are read. */
export const forwardTo = (part: string, functions: string, values: string): object => {
  const target = {};
  for (const name of functions.split(' ')) {
    const forward = (...args: unknown[]): unknown => (membersOf(part)[name] as (...args: unknown[]) => unknown)(...args);
    Object.defineProperty(forward, 'name', { value: name, configurable: true });
    keep(target, name, forward);
  }
  for (const name of values.split(' ').filter((word) => word !== ''))
    Object.defineProperty(target, name, {
      configurable: true,
      enumerable: true,
      get(this: object): unknown {
        const value = membersOf(part)[name];
        keep(this, name, value);
        return value;
      },
      set(this: object, value: unknown) {
        keep(this, name, value);
      },
    });
  return target;
};

const self = { loadPart, forwardTo };
