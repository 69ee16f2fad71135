// Which origins, methods, paths and headers were used, read off the ledger: pure. Must never drop what binds a secret to its place, nor a cap that holds today.
import type { GrantLine, Learning } from '../../bridge/capability.ts';
import { type FetchGrant, methods, type OriginRule } from './contract.ts';
import { readFetchCode } from './read-code.ts';
import { plainHeaders } from './request-headers.ts';
import { coversPath } from './target.ts';

const origins = 'origins';
const maxSiblings = 12;
const maxPaths = 64;
/** Names one thing and not one road: numbers, UUIDs, hashes, and what the ledger keeps of a longer one. */
const identifier = /^(?:\*|\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-Fa-f]{16,})$/;

/** The part of a path that a grant can begin with; null where only any path will do. */
const prefixOf = (path: string): string | null => {
  if (!coversPath('/', path)) return null;
  const parts = path.split('/').slice(1);
  const at = parts.findIndex((part) => identifier.test(part));
  const kept = (at < 0 ? parts : parts.slice(0, at)).filter((part) => part !== '');
  return `/${kept.join('/')}`;
};

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

const foldPaths = (given: readonly string[]): readonly string[] => {
  const least = [...new Set(given)].filter((one, _, all) => !all.some((other) => other !== one && coversPath(other, one)));
  const crowded = least.map(parentOf).find((parent, _, all) => all.filter((one) => one === parent).length > maxSiblings);
  if (crowded !== undefined) return foldPaths([...least, crowded]);
  return least.length > maxPaths ? ['/'] : least.toSorted();
};

const valuesIn = (lines: readonly GrantLine[], list: string): readonly string[] =>
  lines.flatMap(([, , one, value]) => (one === list && value !== undefined ? [value] : []));

const isWhole = (lines: readonly GrantLine[], list: string): boolean => lines.some((line) => line.length === 3 && line[2] === list);

const grantOrigin = (lines: readonly GrantLine[], secretHeaders: ReadonlySet<string>): OriginRule => {
  const used = new Set(valuesIn(lines, 'methods'));
  const paths = foldPaths(valuesIn(lines, 'paths'));
  const headers = valuesIn(lines, 'headers').filter((name) => !secretHeaders.has(name));
  return {
    ...(isWhole(lines, 'methods') ? {} : { methods: methods.filter((name) => used.has(name)) }),
    ...(isWhole(lines, 'paths') || paths.includes('/') ? {} : { paths: [...paths] }),
    ...(isWhole(lines, 'headers') ? { headers: true as const } : headers.length === 0 ? {} : { headers: headers.toSorted() }),
  };
};

const linesOfOrigin = ([origin, rule]: readonly [string, true | OriginRule]): readonly GrantLine[] => {
  const own = rule === true ? {} : rule;
  const lines = (list: 'methods' | 'paths', values: readonly string[] | undefined): readonly GrantLine[] =>
    values === undefined ? [[origins, origin, list]] : values.map((value) => [origins, origin, list, value]);
  const headers: readonly GrantLine[] =
    own.headers === true ? [[origins, origin, 'headers']] : (own.headers ?? []).map((name) => [origins, origin, 'headers', name]);
  return [...lines('methods', own.methods), ...lines('paths', own.paths), ...headers];
};

export const fetchLearning: Learning<FetchGrant> = {
  readCode: readFetchCode,
  observe({ method, args }) {
    const { origin, path, method: verb, headers } = args;
    if (method !== 'request' || typeof origin !== 'string' || origin === '' || typeof path !== 'string' || typeof verb !== 'string')
      return [];
    const prefix = prefixOf(path);
    const names = Array.isArray(headers)
      ? headers.filter((name): name is string => typeof name === 'string' && !plainHeaders.has(name))
      : [];
    return [
      [origins, origin, 'methods', verb],
      prefix === null ? [origins, origin, 'paths'] : [origins, origin, 'paths', prefix],
      ...names.map((name) => [origins, origin, 'headers', name]),
    ];
  },
  linesOf: (grant) => [
    ...Object.entries(grant.origins).flatMap(linesOfOrigin),
    ...Object.values(grant.secrets ?? {}).map(({ origin, header }): GrantLine => [origins, origin, 'headers', header]),
  ],
  covers(outer, inner) {
    if (outer[2] === 'paths' && inner[2] === 'paths' && outer[1] === inner[1] && outer[3] !== undefined && inner[3] !== undefined)
      return coversPath(outer[3], inner[3]);
    return outer.every((part, index) => inner[index] === part);
  },
  grantFor(lines, today) {
    const { origins: _, ...kept } = today ?? { origins: {} };
    const secretHeaders = (origin: string): ReadonlySet<string> =>
      new Set(Object.values(today?.secrets ?? {}).flatMap((use) => (use.origin === origin ? [use.header] : [])));
    const names = [...new Set(lines.flatMap(([, origin]) => (origin === undefined ? [] : [origin])))].toSorted();
    return {
      origins: Object.fromEntries(
        names.map((origin) => [
          origin,
          grantOrigin(
            lines.filter(([, one]) => one === origin),
            secretHeaders(origin),
          ),
        ]),
      ),
      ...kept,
    };
  },
};
