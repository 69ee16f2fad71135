// What no service is given, whatever its schema says: names that a careless merge takes for a prototype, and depths that a recursion does not come back from. Must never recurse itself.
import { servicesBounds } from './bounds.ts';

const { depth: most } = servicesBounds;

/** `constructor` alone may be a field; with a `prototype` in it, it is a way to one. */
const isUnsafe = (key: string, value: unknown): boolean =>
  key === '__proto__' || (key === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype'));

/** null where they are plain, else what is wrong with them. Made by JSON.parse, so there is no circle in them. */
export const findUnplain = (args: readonly unknown[]): string | null => {
  const open: (readonly [object, number])[] = [[args, 1]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [holder, depth] = next;
    if (depth > most.value) return `the arguments have more than ${most.value} levels`;
    for (const [key, value] of Object.entries(holder) as readonly (readonly [string, unknown])[]) {
      if (isUnsafe(key, value)) return `the arguments hold a field named ${key}, which reaches no service`;
      if (typeof value === 'object' && value !== null) open.push([value, depth + 1]);
    }
  }
  return null;
};
