// Clients of a chaos run: each asks one host, again and again, and writes down what became of each request. Must never ask again on its own.
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from './host.ts';

export interface Asked {
  readonly token: string;
  readonly host: string;
  readonly path: string;
  readonly from: number;
  readonly until: number;
  /** null: no answer came. */
  readonly status: number | null;
  /** An error's code, or why no answer came. */
  readonly code: string;
}

const patienceMs = 60_000;
const codeOf = (text: string): string => /"code":"(\w+)"/.exec(text)?.[1] ?? '';

const ask = (host: Host, path: string): Promise<Pick<Asked, 'status' | 'code'>> =>
  new Promise((resolve) => {
    // No connection is kept: one that the host closes just as it is used again would look like a lost request.
    const request = http.get({ host: '127.0.0.1', port: host.port, path, agent: false, timeout: patienceMs }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => {
        if (text.length < 10_000) text += part.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, code: codeOf(text) }));
      response.on('error', (error) => resolve({ status: null, code: error.message }));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${patienceMs / 1_000} s`)));
    request.on('error', (error) => resolve({ status: null, code: error.message }));
  });

/** What clients ask for; `token` is theirs alone. */
export type Path = (token: string, nth: number) => string;

export interface Load {
  readonly asked: readonly Asked[];
  /** Resolves when what was asked is answered. */
  stop(): Promise<void>;
}

export const startLoad = (
  hosts: readonly Host[],
  paths: readonly Path[],
  { clients, pauseMs }: { readonly clients: number; readonly pauseMs: number },
): Load => {
  const asked: Asked[] = [];
  let stopped = false;
  let last = 0;
  const work = async (host: Host): Promise<void> => {
    while (!stopped) {
      last += 1;
      const token = `t${String(last)}z`;
      const path = (paths[last % paths.length] as Path)(token, last);
      const from = performance.now();
      const outcome = await ask(host, path);
      asked.push({ token, host: host.name, path, from, until: performance.now(), ...outcome });
      await sleep(host.isUp() ? pauseMs : 250);
    }
  };
  const working = hosts.flatMap((host) => Array.from({ length: clients }, () => work(host)));
  return {
    asked,
    stop: async () => {
      stopped = true;
      await Promise.all(working);
    },
  };
};
