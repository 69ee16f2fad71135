// node:url: the web's URL and node's older functions. Must never turn a URL into a path of anything but the guest's own imagination.
import * as punycode from 'punycode/';
import legacy from 'url/';
import { makeNodeError } from '../http/node-error.ts';
import { lazyUrl } from '../lazy.ts';

interface UrlParts {
  readonly protocol: string;
  readonly hostname: string;
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
  readonly href: string;
  readonly port: string;
  readonly username: string;
  readonly password: string;
  readonly host: string;
}

const isUrl = (value: unknown): value is UrlParts =>
  typeof value === 'object' && value !== null && 'href' in value && 'searchParams' in value;
const parseUrl = (value: unknown): UrlParts => (isUrl(value) ? value : new (lazyUrl().URL)(String(value)));

const fileURLToPath = (value: unknown): string => {
  const url = parseUrl(value);
  if (url.protocol !== 'file:') throw makeNodeError(TypeError, 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file');
  return decodeURIComponent(url.pathname);
};

const pathToFileURL = (path: string): UrlParts => {
  const url = new (lazyUrl().URL)('file:///');
  url.pathname = path.replace(/[%\\\n\r\t?#]/g, (mark) => encodeURIComponent(mark));
  return url;
};

const domainTo = (domain: unknown): string => {
  try {
    return new (lazyUrl().URL)(`ws://${String(domain)}`).hostname;
  } catch {
    return '';
  }
};

const legacyFormat = legacy.format as (value: unknown) => string;

const format = (
  value: unknown,
  options: { readonly auth?: boolean; readonly fragment?: boolean; readonly search?: boolean; readonly unicode?: boolean } = {},
): string => {
  if (!isUrl(value)) return legacyFormat(value);
  const auth =
    options.auth === false || value.username === '' ? '' : `${value.username}${value.password === '' ? '' : `:${value.password}`}@`;
  return `${value.protocol}//${auth}${options.unicode === true ? punycode.toUnicode(value.host) : value.host}${value.pathname}${options.search === false ? '' : value.search}${options.fragment === false ? '' : value.hash}`;
};

const urlToHttpOptions = (url: UrlParts): object => ({
  protocol: url.protocol,
  hostname: url.hostname.replace(/^\[|\]$/g, ''),
  hash: url.hash,
  search: url.search,
  pathname: url.pathname,
  path: `${url.pathname}${url.search}`,
  href: url.href,
  ...(url.port === '' ? {} : { port: Number(url.port) }),
  ...(url.username === '' && url.password === ''
    ? {}
    : { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` }),
});

export const url = {
  Url: legacy.Url,
  parse: legacy.parse,
  resolve: legacy.resolve,
  resolveObject: legacy.resolveObject,
  format,
  fileURLToPath,
  pathToFileURL,
  domainToASCII: domainTo,
  domainToUnicode: (domain: string): string => punycode.toUnicode(domainTo(domain)),
  urlToHttpOptions,
  get URL(): unknown {
    return lazyUrl().URL;
  },
  get URLSearchParams(): unknown {
    return lazyUrl().URLSearchParams;
  },
};
