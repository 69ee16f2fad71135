// Node built-ins an extension may import but not use: whatever it takes from them can be named, extended and tested for, and throws when called. Must never do anything else.
import { makeNotGranted } from '../http/node-error.ts';

/** Asked of every object by the language, by promises and by bundlers: these are not the module's. */
const notMembers: ReadonlySet<string> = new Set([
  'then',
  'default',
  '__esModule',
  'toJSON',
  'toString',
  'valueOf',
  'constructor',
  'prototype',
  'inspect',
  'length',
  'nodeType',
  '$$typeof',
  'asymmetricMatch',
]);

/** Whose functions give promises: they reject, and do not throw. */
const isPromised = (what: string): boolean => what.includes('promises.');

const makeRefusal = (what: string): object => {
  // A function declaration and not an arrow: `class X extends net.Socket` must load.
  function refuse(): Promise<never> {
    if (isPromised(what) && new.target === undefined) return Promise.reject(makeNotGranted(what));
    throw makeNotGranted(what);
  }
  Object.defineProperty(refuse, 'name', { value: what.slice(what.lastIndexOf('.') + 1) });
  return Object.setPrototypeOf(refuse, makeRefusingPrototype(what, Function.prototype)) as object;
};

/** As a prototype, because bundlers copy a module's own names and keep its prototype. */
const makeRefusingPrototype = (what: string, base: object): object => {
  const refusals = new Map<string, object>();
  return new Proxy(Object.create(base) as object, {
    get: (target, key) => {
      if (typeof key === 'symbol' || notMembers.has(key) || Reflect.has(target, key)) return Reflect.get(target, key);
      const known = refusals.get(key) ?? makeRefusal(`${what}.${key}`);
      refusals.set(key, known);
      return known;
    },
  });
};

/** The module `name`: what is in `real` works, everything else refuses. */
export const makeRefusing = (name: string, real: object = {}): object =>
  Object.defineProperties(Object.create(makeRefusingPrototype(name, Object.prototype)) as object, Object.getOwnPropertyDescriptors(real));

/** A function that refuses, for real modules with a few members that reach outside. */
export const makeRefusingFunction = makeRefusal;
