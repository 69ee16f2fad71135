// Whether one grant lets out all that another does. Pure; must never say yes where it cannot tell.
import { coversList } from '../../policy/covers.ts';
import { fetchBounds } from './bounds.ts';
import { type FetchGrant, methods, type OriginRule } from './contract.ts';
import { plainHeaders } from './request-headers.ts';
import { coversPath } from './target.ts';

const ruleOf = ({ origins }: FetchGrant, origin: string): OriginRule | null => {
  const rule = Object.hasOwn(origins, origin) ? origins[origin] : undefined;
  return rule === undefined ? null : rule === true ? {} : rule;
};

const coversPaths = (wide: OriginRule['paths'], narrow: OriginRule['paths']): boolean =>
  wide === undefined || narrow?.every((path) => wide.includes(path) || wide.some((prefix) => coversPath(prefix, path))) === true;

/** Whoever is granted a secret for a header is granted the header, as the policy has it. */
const secretHeaders = ({ secrets = {} }: FetchGrant, origin: string): readonly string[] =>
  Object.values(secrets).flatMap((use) => (use.origin === origin ? [use.header] : []));

const coversHeaders = (wide: FetchGrant, origin: string, granted: OriginRule['headers'], narrow: OriginRule['headers'] = []): boolean => {
  if (granted === true) return true;
  const names = new Set([...plainHeaders, ...(granted ?? []), ...secretHeaders(wide, origin)]);
  return narrow !== true && narrow.every((name) => names.has(name));
};

const coversOrigin = (wide: FetchGrant, narrow: FetchGrant, origin: string): boolean => {
  const [outer, inner] = [ruleOf(wide, origin), ruleOf(narrow, origin)];
  if (outer === null || inner === null) return inner === null;
  return (
    coversList(outer.methods, inner.methods ?? methods) &&
    coversPaths(outer.paths, inner.paths) &&
    coversHeaders(wide, origin, outer.headers, inner.headers)
  );
};

const coversSecrets = ({ secrets: wide = {} }: FetchGrant, { secrets: narrow = {} }: FetchGrant): boolean =>
  Object.entries(narrow).every(([name, { origin, header }]) => {
    const other = Object.hasOwn(wide, name) ? wide[name] : undefined;
    return other?.origin === origin && other.header === header;
  });

const sizes = {
  maxRequestBytes: fetchBounds.requestBytes.value,
  maxResponseBytes: fetchBounds.responseBytes.value,
  callsPerRequest: fetchBounds.callsPerRequest.value,
  callsPerMinute: fetchBounds.callsPerMinute.value,
} as const;

/** What is no longer said is for the other grants to say, and they may say more. */
const coversSize = (wide: number | undefined, narrow: number | undefined, fallback: number): boolean =>
  narrow === undefined ? wide === undefined : narrow <= (wide ?? fallback);

export const coversFetch = (wide: FetchGrant, narrow: FetchGrant): boolean =>
  Object.keys(narrow.origins).every((origin) => coversOrigin(wide, narrow, origin)) &&
  coversSecrets(wide, narrow) &&
  (Object.keys(sizes) as (keyof typeof sizes)[]).every((name) => coversSize(wide[name], narrow[name], sizes[name]));
