// One request to either of the two, and its answer as it is compared. Must never compare what both were bound to say differently: names and keys.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ask } from './requests.ts';

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly made: string | null;
  readonly location: string | null;
  readonly body: unknown;
}

export type Where = 'plain' | 'boxed';

/** One item each that its hook lets nobody delete. */
const keys: Readonly<Record<Where, string>> = { plain: '19', boxed: '20' };
const patienceMs = 20_000;

const once = async (
  url: string,
  where: Where,
  { path, method = 'GET', body, headers, core }: Ask,
  token: string | null,
): Promise<Answer> => {
  const asked = path.replaceAll('{where}', where).replaceAll('{key}', keys[where]);
  const reply = await fetch(`${url}${core === true ? '' : `/${where}`}${asked}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body).replaceAll('{where}', where) }),
  });
  const text = (await reply.text()).replaceAll(where, '{where}');
  const type = reply.headers.get('content-type');
  return {
    status: reply.status,
    type,
    made: reply.headers.get('x-made'),
    location: reply.headers.get('location'),
    body: type?.startsWith('application/json') === true ? (JSON.parse(text) as unknown) : text,
  };
};

const isEmpty = ({ body }: Answer): boolean => {
  const { data } = body as { readonly data?: unknown };
  return Array.isArray(data) && data.length === 0;
};

export const ask = async (url: string, where: Where, asked: Ask, token: string | null): Promise<Answer> => {
  for (const until = performance.now() + patienceMs; ; await sleep(200)) {
    const answer = await once(url, where, asked, token);
    if (asked.patient !== true || !isEmpty(answer) || performance.now() > until) return answer;
  }
};
