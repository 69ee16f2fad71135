// A URL as the policy judges it and the host sends it: parsed once, in one way. Must never do I/O.

export interface Target {
  readonly href: string;
  readonly origin: string;
  readonly hostname: string;
  readonly pathname: string;
}

/** A URL parser strips some of these without a word, and others read a backslash as a slash. */
const readTwoWays = /[\u0000-\u0020\u007f\\]/;

/** null: not an absolute http(s) URL that can be read in one way only, or one with credentials in it. */
export const parseTarget = (text: string): Target | null => {
  if (readTwoWays.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
  if (url.username !== '' || url.password !== '') return null;
  url.hash = '';
  return { href: url.href, origin: url.origin, hostname: url.hostname, pathname: url.pathname };
};

/** Servers differ in what they make of these within a path: where paths are granted, they stand in none. */
const ambiguousPath = /%2f|%5c|%2e|%25|%00|;|\/\//i;

/** Whole segments: `/v1` covers `/v1` and `/v1/x`, and not `/v1x`. */
export const coversPath = (prefix: string, pathname: string): boolean => {
  if (ambiguousPath.test(pathname)) return false;
  const stem = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  return pathname === stem || pathname === prefix || pathname.startsWith(`${stem}/`);
};

const pathChars = 200;
/** A segment that may well be a token or a person. */
const longSegment = /^(?=.{20,})|^(?=.*\d)(?=.*[a-z]).{12,}/i;

/** What the ledger keeps: where to, without query; a segment that looks like a key is a star. */
export const summarizeTarget = (text: string): { readonly origin: string; readonly path: string } => {
  const target = parseTarget(text);
  if (target === null) return { origin: '', path: '' };
  const path = target.pathname
    .split('/')
    .map((segment) => (longSegment.test(segment) ? '*' : segment))
    .join('/');
  return { origin: target.origin, path: path.slice(0, pathChars) };
};
