// `directus:api`, the module of Directus's own sandbox: log, sleep and request, over console, timers and fetch. Must never reach further than those.
import { hooks } from '../hooks.ts';
import { makeNodeError } from '../http/node-error.ts';

interface RequestOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface DirectusResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: unknown;
}

export interface DirectusApi {
  log(message: unknown): void;
  sleep(milliseconds: number): Promise<void>;
  request(url: string, options?: RequestOptions): Promise<DirectusResponse>;
}

interface FetchAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: { forEach(visit: (value: string, name: string) => void): void };
  text(): Promise<string>;
}
type Fetch = (url: string, init: object) => Promise<FetchAnswer>;

/** As Directus's own: what is JSON comes as a value, anything else as text. */
const parseData = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

const bodyOf = ({ body, headers = {} }: RequestOptions): object => {
  if (body === undefined || body === null) return { headers };
  if (typeof body === 'string') return { headers, body };
  const typed = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  return { headers: typed ? headers : { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
};

const request = async (url: string, options: RequestOptions = {}): Promise<DirectusResponse> => {
  // Its classes cost twenty milliseconds: only who asks for the outside pays.
  const fetch = Reflect.get(globalThis, 'fetch') as Fetch;
  const answer = await fetch(String(url), { method: (options.method ?? 'GET').toUpperCase(), ...bodyOf(options) });
  const headers: Record<string, string> = {};
  answer.headers.forEach((value, name) => {
    headers[name] = value;
  });
  return { status: answer.status, statusText: answer.statusText, headers, data: parseData(await answer.text()) };
};

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    hooks().setTimer(() => resolve(), Math.max(1, Math.trunc(Number(milliseconds)) || 1), false);
  });

const log = (message: unknown): void => hooks().log('info', [String(message)]);

const notRequested = (name: string) => (): never => {
  throw makeNodeError(
    Error,
    'ERR_CAPABILITY_NOT_GRANTED',
    `directus:api: ${name}() is not among the requestedScopes of this extension; add it to directus:extension.sandbox.requestedScopes in its package.json`,
  );
};

/** The functions of the scopes; the others are there and refuse. */
export const makeDirectusApi = (scopes: readonly string[]): DirectusApi => {
  const given = <Name extends keyof DirectusApi>(name: Name, real: DirectusApi[Name]): DirectusApi[Name] =>
    scopes.includes(name) ? real : (notRequested(name) as DirectusApi[Name]);
  return { log: given('log', log), sleep: given('sleep', sleep), request: given('request', request) };
};
