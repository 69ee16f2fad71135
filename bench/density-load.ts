// Requests of many tenants over real HTTP, each connection asking again when it was answered. Must never count an answer that was not 200 as one.
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Ask {
  readonly tenant: string;
  readonly path: string;
}

export interface LoadTerms {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** A connection rests for so long between an answer and the next request (0). */
  readonly pauseMs?: number;
  next(): Ask;
}

export interface Driven {
  readonly seconds: number;
  /** Status → how often; 0 for a connection that broke. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Milliseconds, sorted: of requests that woke a cell, and of the others. */
  readonly wakesMs: readonly number[];
  readonly warmMs: readonly number[];
  /** Tenant and path, without those that were never asked for. */
  readonly asked: ReadonlyMap<string, number>;
}

const timeoutMs = 120_000;

const ask = (agent: http.Agent, port: number, { tenant, path }: Ask): Promise<{ readonly status: number; readonly isWake: boolean }> =>
  new Promise((resolve) => {
    const failed = (): void => resolve({ status: 0, isWake: false });
    const request = http.get({ agent, port, path, headers: { 'x-tenant': tenant }, timeout: timeoutMs }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, isWake: text === '{"count":1}' }));
      answer.on('error', failed);
    });
    request.on('error', failed);
    request.on('timeout', () => request.destroy(new Error('no answer')));
  });

const ascending = (one: number, other: number): number => one - other;

export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/** Chooses 0 … count − 1, the first ones most often: rank r as often as 1 / (r + 1)^skew says. */
export const makeZipf = (count: number, skew: number, random: () => number): (() => number) => {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 0; rank < count; rank += 1) {
    sum += (rank + 1) ** -skew;
    sums.push(sum);
  }
  return () => {
    const wanted = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
};

export const drive = async ({ port, connections, seconds, pauseMs = 0, next }: LoadTerms): Promise<Driven> => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const statuses = new Map<number, number>();
  const asked = new Map<string, number>();
  const wakesMs: number[] = [];
  const warmMs: number[] = [];
  const startedAt = performance.now();
  const until = startedAt + seconds * 1_000;
  const goOn = async (): Promise<void> => {
    while (performance.now() < until) {
      const one = next();
      const from = performance.now();
      const { status, isWake } = await ask(agent, port, one);
      const tookMs = performance.now() - from;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      asked.set(`${one.tenant} ${one.path}`, (asked.get(`${one.tenant} ${one.path}`) ?? 0) + 1);
      if (status === 200) (isWake ? wakesMs : warmMs).push(tookMs);
      if (pauseMs > 0) await sleep(pauseMs);
    }
  };
  await Promise.all(Array.from({ length: connections }, goOn));
  agent.destroy();
  return {
    seconds: (performance.now() - startedAt) / 1_000,
    statuses,
    asked,
    wakesMs: wakesMs.sort(ascending),
    warmMs: warmMs.sort(ascending),
  };
};
