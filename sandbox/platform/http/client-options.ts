// The arguments of http.request in all their forms, made into one. Must never open anything.
import { makeNodeError } from './node-error.ts';

export interface ClientOptions {
  readonly protocol?: string;
  readonly hostname?: string | null;
  readonly host?: string | null;
  readonly port?: number | string | null;
  readonly path?: string | null;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, unknown>> | readonly unknown[];
  readonly auth?: string | null;
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

type Callback = (response: unknown) => void;

export interface ClientArguments {
  readonly options: ClientOptions;
  readonly callback: Callback | undefined;
}

/** As url.urlToHttpOptions does it. */
const optionsOf = (url: URL): ClientOptions => ({
  protocol: url.protocol,
  hostname: url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname,
  port: url.port,
  path: `${url.pathname}${url.search}`,
  ...(url.username === '' && url.password === ''
    ? {}
    : { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` }),
});

const isUrl = (value: unknown): value is URL =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as URL).href === 'string' &&
  typeof (value as URL).protocol === 'string' &&
  'searchParams' in value;

export const parseClientArguments = (args: readonly unknown[]): ClientArguments => {
  const [first, ...rest] = args;
  const base = typeof first === 'string' ? optionsOf(new URL(first)) : isUrl(first) ? optionsOf(first) : undefined;
  const [second, third] = base === undefined ? args : rest;
  const options = typeof second === 'object' && second !== null ? (second as ClientOptions) : {};
  const callback = [second, third].find((one) => typeof one === 'function') as Callback | undefined;
  return { options: { ...base, ...options }, callback };
};

const port = (value: ClientOptions['port'], protocol: string): string => {
  const text = String(value ?? '');
  return text === '' || text === (protocol === 'https:' ? '443' : '80') ? '' : `:${text}`;
};

/** The URL that the options mean. Throws ERR_INVALID_PROTOCOL where the module speaks another. */
export const urlOf = (options: ClientOptions, protocol: string): string => {
  if (options.protocol !== undefined && options.protocol !== protocol)
    throw makeNodeError(TypeError, 'ERR_INVALID_PROTOCOL', `Protocol "${options.protocol}" not supported. Expected "${protocol}"`);
  const path = options.path ?? '/';
  if (/[^\u0021-\u00ff]/.test(path))
    throw makeNodeError(TypeError, 'ERR_UNESCAPED_CHARACTERS', 'Request path contains unescaped characters');
  const given = String(options.hostname ?? options.host ?? 'localhost');
  const host = given.includes(':') && !given.startsWith('[') ? `[${given}]` : given;
  return `${protocol}//${host}${port(options.port, protocol)}${path.startsWith('/') ? path : `/${path}`}`;
};
