// Versions that come and go in a chaos run, over the operators' API of whichever host is up. Must never count on an answer: the host may be killed meanwhile.

import { wrapArchive } from '../../src/packages/archive-form.ts';
import { extension } from '../helpers/runtime.ts';
import type { Check } from './checks.ts';
import type { Host } from './host.ts';
import type { Asked } from './load.ts';
import type { Trouble } from './troubles.ts';

export const adminToken = 'a-token-for-chaos-alone';
const patienceMs = 60_000;
/** Hosts agree within so long once nothing changes any more. */
const agreeMs = 30_000;

const packVersion = (nth: number): string => {
  const source = `export default (router) => { router.get('/version/:token', (req, res) => res.json('1.${String(nth)}.0')); };`;
  const files = extension(
    source,
    { limits: { cpuMs: 5_000, wallMs: 30_000, registerMs: 60_000 } },
    { name: 'moving', version: `1.${String(nth)}.0` },
  );
  return wrapArchive(new Map(Object.entries(files).map(([name, text]) => [name, String(text)])));
};

const call = async (
  host: Host,
  method: 'GET' | 'POST',
  path: string,
  body?: string,
): Promise<{ readonly status: number; readonly json: unknown; readonly code: string }> => {
  const reply = await fetch(`http://127.0.0.1:${String(host.port)}/_cloister/api${path}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}` },
    signal: AbortSignal.timeout(patienceMs),
    ...(body === undefined ? {} : { body }),
  });
  const text = await reply.text();
  return { status: reply.status, json: JSON.parse(text), code: /"code":"(\w+)"/.exec(text)?.[1] ?? '' };
};

/** What became of it, in a word; a host that was killed under it answers nothing. */
const tell = async (host: Host | undefined, path: string, body?: string): Promise<string> => {
  if (host === undefined) return 'there was none';
  try {
    const { status, code } = await call(host, 'POST', path, body);
    return `by ${host.name}: ${String(status)} ${code}`.trim();
  } catch (error) {
    return `by ${host.name}: ${error instanceof Error ? error.message : String(error)}`;
  }
};

let last = 0;
export const deployFirst = async (host: Host): Promise<void> => {
  last = 1;
  const { status, code } = await call(host, 'POST', '/deploy', packVersion(last));
  if (status !== 200) throw new Error(`the first version was not deployed: ${String(status)} ${code}`);
};

const anyOf = (hosts: readonly Host[], random: () => number): Host | undefined => {
  const up = hosts.filter((one) => one.isUp());
  return up[Math.floor(random() * up.length)];
};

export const deployTroubles: readonly Trouble[] = [
  {
    name: 'a version is deployed',
    weight: 3,
    run: ({ hosts, random }) => {
      last += 1;
      return tell(anyOf(hosts, random), '/deploy', packVersion(last));
    },
  },
  {
    name: 'a canary is deployed',
    weight: 2,
    run: ({ hosts, random }) => {
      last += 1;
      return tell(anyOf(hosts, random), '/deploy?share=0.3', packVersion(last));
    },
  },
  { name: 'a canary takes everything', weight: 1, run: ({ hosts, random }) => tell(anyOf(hosts, random), '/extensions/moving/promote') },
  { name: 'a version is rolled back', weight: 2, run: ({ hosts, random }) => tell(anyOf(hosts, random), '/extensions/moving/rollback') },
];

interface Served {
  readonly extensions: readonly {
    readonly id: string;
    readonly digest: string | null;
    readonly canary: { readonly digest: string | null } | null;
  }[];
}
interface Status {
  readonly revision: number;
  readonly deployments: readonly {
    readonly extension: string;
    readonly current: string;
    readonly canary: { readonly digest: string } | null;
  }[];
}

const readServed = async (host: Host): Promise<string> => {
  const moving = ((await call(host, 'GET', '/extensions')).json as Served).extensions.find(({ id }) => id === 'moving');
  return `${moving?.digest?.slice(0, 8) ?? 'nothing'} and ${moving?.canary?.digest?.slice(0, 8) ?? 'no canary'}`;
};
const readWanted = async (host: Host): Promise<string> => {
  const { revision, deployments } = (await call(host, 'GET', '/status')).json as Status;
  const moving = deployments.find(({ extension: id }) => id === 'moving');
  return `revision ${String(revision)}: ${moving?.current.slice(0, 8) ?? 'nothing'} and ${moving?.canary?.digest.slice(0, 8) ?? 'no canary'}`;
};

/** What the registry wants, and what each host says it serves. */
export const checkAgreement = async (hosts: readonly Host[]): Promise<Check> => {
  for (const until = performance.now() + agreeMs; ; await new Promise((resolve) => setTimeout(resolve, 500))) {
    const seen = await Promise.all(
      hosts.map(async (host) => ({
        host: host.name,
        wanted: await readWanted(host).catch(String),
        served: await readServed(host).catch(String),
      })),
    );
    const wanted = seen[0]?.wanted ?? '';
    const wrong = seen.filter((one) => one.wanted !== wanted || !wanted.endsWith(one.served));
    if (wrong.length === 0 || performance.now() > until)
      return {
        name: 'all hosts agree on the registry’s revision and serve what it says',
        seen: hosts.length,
        wrong: wrong.map((one) => `${one.host} serves ${one.served}; ${one.wanted}`),
      };
  }
};

/** While one version takes the place of another, and from the moment a host takes requests, there is always one. */
export const checkServed = (asked: readonly Asked[], hosts: readonly Host[]): Check => {
  const moving = asked.filter(({ path, status }) => path.startsWith('/moving/') && status !== null);
  const isDown = (one: Asked): boolean =>
    hosts.some(({ name, downs }) => name === one.host && downs.some(({ from, until }) => one.from < until && one.until > from));
  return {
    name: 'what is deployed was always there',
    seen: moving.length,
    wrong: moving.filter((one) => one.status === 404 && !isDown(one)).map(({ host, path }) => `${host} ${path}`),
  };
};
