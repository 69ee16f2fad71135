// Names of events and patterns of names, with wildcards as eventemitter2 has them. Must never make a RegExp of one, nor look one up as a property.
import { emitterBounds } from './bounds.ts';

const part = '[\\p{L}\\p{N}_:/@$#-]+';
const partOrWildcard = `(?:\\*\\*?|${part})`;
const joined = (one: string): string => `^${one}(?:\\.${one}){0,${emitterBounds.segments.value - 1}}$`;

/** Letters, digits and what stands in names of collections and packages, in parts between dots. */
export const namePattern = joined(part);
/** The same, where `*` stands for one part and `**` for any number of them. */
export const wildcardPattern = joined(partOrWildcard);

export type EventPattern = readonly string[];

export const parsePattern = (text: string): EventPattern => canonical(text.split('.'));

/** In a run of wildcards the single ones come first and one `**` stands for all: patterns that mean the same read the same. */
const canonical = (parts: readonly string[]): EventPattern => {
  const pattern: string[] = [];
  let deep = false;
  for (const part of parts) {
    if (part === '**') {
      deep = true;
      continue;
    }
    if (deep && part !== '*') {
      pattern.push('**');
      deep = false;
    }
    pattern.push(part);
  }
  if (deep) pattern.push('**');
  return pattern;
};

/** Whether every name that `inner` matches is matched by `outer`. A name is a pattern without wildcards. Work grows with the product of their lengths. */
export const covers = (outer: EventPattern, inner: EventPattern): boolean => {
  // reachable[i]: the first i parts of outer can stand for what of inner was looked at.
  let reachable = outer.map(() => false);
  reachable.push(false);
  reachable[0] = true;
  const skipDeep = (row: boolean[]): void => {
    for (let index = 0; index < outer.length; index += 1) if (row[index] === true && outer[index] === '**') row[index + 1] = true;
  };
  skipDeep(reachable);
  for (const part of inner) {
    const next = reachable.map(() => false);
    for (let index = 0; index < outer.length; index += 1) {
      if (reachable[index] !== true) continue;
      const own = outer[index];
      if (own === '**') next[index] = true;
      else if (part !== '**' && (own === '*' || own === part)) next[index + 1] = true;
    }
    skipDeep(next);
    reachable = next;
  }
  return reachable[outer.length] === true;
};

const coreOperations = new Set(['create', 'update', 'delete', 'read', 'query', 'sort', 'promote']);
const coreFamilies = new Set([
  'app',
  'auth',
  'cli',
  'database',
  'email',
  'extensions',
  'files',
  'middlewares',
  'request',
  'routes',
  'server',
  'websocket',
]);
const coreNames = new Set(['authenticate', 'response']);

/** `items.create`, `orders.items.create`. */
export const isItemsEvent = (name: string): boolean => {
  const parts = name.split('.');
  return parts.at(-2) === 'items' && coreOperations.has(parts.at(-1) ?? '');
};

/** Names by which the host tells what happened in it: an extension may say them only where the grant holds the very name. */
export const isCoreName = (name: string): boolean => {
  const parts = name.split('.');
  if (coreNames.has(name) || (parts.length === 2 && coreFamilies.has(parts[0] ?? ''))) return true;
  return parts[0] === 'routes' || isItemsEvent(name);
};
