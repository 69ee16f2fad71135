// Which routes of an extension were used, read off the ledger: pure. Must never take a path that no route answered for use.
import type { GrantLine, Learning } from '../../bridge/capability.ts';
import { routerBounds } from './bounds.ts';
import { type RouterGrant, routerMethods } from './contract.ts';
import { parsePath } from './path.ts';
import { readRouterCode } from './read-code.ts';

const known: ReadonlySet<string> = new Set(routerMethods);
/** What names one row and not one route: numbers, UUIDs, hashes and the like. */
const identifier = /^(?:\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-Fa-f]{16,}|.{40,})$/;
/** With more names than this in one place, a name is taken for a value. */
const maxSiblings = 12;

/** `/items/17/parts` → `/items/*`. A path that has no one form can only be covered by a list that is not there. */
const patternOf = (path: string): string => {
  const parsed = parsePath(path);
  if ('reason' in parsed) return '/*';
  const parts = parsed.path.split('/').slice(1);
  const at = parts.findIndex((part) => identifier.test(part));
  if (at >= 0) return `/${[...parts.slice(0, at), '*'].join('/')}`;
  return parsed.path === '' ? '/' : parsed.path;
};

const parentOf = (pattern: string): string => pattern.slice(0, pattern.lastIndexOf('/'));

const isBelow = (pattern: string, start: string): boolean =>
  start === '/*' ||
  pattern === start ||
  (start.endsWith('/*') && (pattern === start.slice(0, -2) || pattern.startsWith(start.slice(0, -1))));

/** Deepest places first, so that what was folded can be folded again. */
const foldOnce = (patterns: readonly string[]): readonly string[] => {
  const children = new Map<string, string[]>();
  for (const pattern of patterns) children.set(parentOf(pattern), [...(children.get(parentOf(pattern)) ?? []), pattern]);
  const crowded = [...children].filter(([, list]) => list.length > maxSiblings).map(([parent]) => parent);
  const deepest = crowded.toSorted((left, right) => right.split('/').length - left.split('/').length)[0];
  return deepest === undefined ? patterns : [...patterns.filter((one) => !isBelow(one, `${deepest}/*`)), `${deepest}/*`];
};

const foldPaths = (given: readonly string[]): readonly string[] => {
  const patterns = [...new Set(given)];
  const folded = foldOnce(patterns);
  if (folded !== patterns) return foldPaths(folded);
  const least = patterns.filter((one) => !patterns.some((other) => other !== one && isBelow(one, other)));
  return least.length > routerBounds.paths.value ? ['/*'] : least.toSorted();
};

const pathsIn = (lines: readonly GrantLine[]): readonly string[] =>
  lines.flatMap(([list, path]) => (list === 'paths' && path !== undefined ? [path] : []));

const methodsIn = (lines: readonly GrantLine[]): ReadonlySet<string> =>
  new Set(lines.flatMap(([list, method]) => (list === 'methods' && method !== undefined ? [method] : [])));

const linesFor = (list: 'methods' | 'paths', values: readonly string[] | undefined): readonly GrantLine[] =>
  values === undefined ? [[list]] : values.map((value) => [list, value]);

/** GET brings HEAD along, and any method OPTIONS: as the policy has it. */
const leastMethods = (used: ReadonlySet<string>): readonly string[] =>
  routerMethods.filter((method) => used.has(method) && !(method === 'HEAD' && used.has('GET')) && !(method === 'OPTIONS' && used.size > 1));

export const routerLearning: Learning<RouterGrant> = {
  readCode: readRouterCode,
  observe: () => [],
  // Listeners and schedules are on record as requests too, with a method that is none.
  observeRequest: ({ method, path }) =>
    known.has(method)
      ? [
          ['methods', method],
          ['paths', patternOf(path)],
        ]
      : [],
  linesOf: ({ methods, paths }) => [...linesFor('methods', methods), ...linesFor('paths', paths)],
  covers([outerList, outer], [innerList, inner]) {
    if (outerList !== innerList) return false;
    if (outer === undefined || inner === undefined) return outer === undefined;
    if (outerList === 'paths') return isBelow(inner, outer);
    return outer === inner || inner === 'OPTIONS' || (outer === 'GET' && inner === 'HEAD');
  },
  fold: (lines) => [
    ...leastMethods(methodsIn(lines)).map((method): GrantLine => ['methods', method]),
    ...foldPaths(pathsIn(lines)).map((path): GrantLine => ['paths', path]),
  ],
  grantFor(lines) {
    const methods = leastMethods(methodsIn(lines)) as NonNullable<RouterGrant['methods']>;
    const paths = foldPaths(pathsIn(lines));
    // Every path is what a list that is absent means.
    return { methods: [...methods], ...(paths.includes('/*') ? {} : { paths: [...paths] }) };
  },
};
