// What one warm query costs through Cloister beside plain Knex, one at a time, and where the difference goes. Must never count a query that was not prepared before.
import { Agent, get } from 'node:http';
import pg from 'pg';
import { openProgram, type Program } from './child.ts';
import type { PeerName } from './peers.ts';
import { peers } from './peers.ts';
import type { OwnTime } from './servers/own-time.ts';

export interface WarmQuery {
  readonly samples: number;
  /** Medians, milliseconds for one query. */
  readonly knexMs: number;
  readonly cloisterMs: number;
  readonly addedMs: number;
  /** The same statement, prepared, by the driver alone: what the server and the way to it take. */
  readonly serverMs: number;
  readonly parts: readonly { readonly name: string; readonly knexMs: number | null; readonly cloisterMs: number }[];
}

type Server = Program<{ readonly port: number }>;

const perRequest = 20;
const extension = new URL('./extensions/bench', import.meta.url).pathname;
const statement =
  'select "id", "title", "status", "summary", "views", "published_at" from "bench_articles" where "status" = $1 order by "id" asc limit $2';

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const timeOf = (agent: Agent, { ready: { port } }: Server, path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const startedAt = performance.now();
    get({ agent, host: '127.0.0.1', port, path: `/bench/${path}` }, (response) => {
      response.resume().on('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - startedAt);
        else reject(new Error(`/bench/${path} answered ${response.statusCode}`));
      });
    }).on('error', reject);
  });

/** Of one piece of work: a request that does it twenty times less one that does it not at all. */
const timesOf = async (agent: Agent, server: Server, work: 'queries' | 'builds', samples: number): Promise<readonly number[]> => {
  const times: number[] = [];
  for (let index = 0; index < samples; index += 1) {
    const empty = await timeOf(agent, server, `${work}/0`);
    times.push(((await timeOf(agent, server, `${work}/${perRequest}`)) - empty) / perRequest);
  }
  return times;
};

const driverTimes = async (url: string, samples: number): Promise<readonly number[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const times: number[] = [];
  for (let index = 0; index < samples; index += 1) {
    const startedAt = performance.now();
    await client.query({ name: 'warm', text: statement, values: ['published', 10] });
    times.push(performance.now() - startedAt);
  }
  await client.end();
  return times;
};

const openServer = (peer: PeerName, databaseUrl: string): Promise<Server> =>
  openProgram({
    file: `servers/${peers[peer].file}`,
    args: [
      peer === 'cloister'
        ? JSON.stringify({ extensions: [extension], databaseUrl, ownTime: true, limits: { cpuMs: 2_000, wallMs: 10_000 } })
        : databaseUrl,
    ],
  });

const profile = async (agent: Agent, server: Server, samples: number): Promise<OwnTime> => {
  await server.ask('profile');
  for (let index = 0; index < samples; index += 1) await timeOf(agent, server, `queries/${perRequest}`);
  const { ownTime } = await server.ask<{ readonly ownTime: OwnTime }>('report');
  const each = (ms: number): number => ms / (samples * perRequest);
  return { frames: each(ownTime.frames), bridge: each(ownTime.bridge), database: each(ownTime.database), other: each(ownTime.other) };
};

export const measureWarmQuery = async (samples: number, databaseUrl: string): Promise<WarmQuery> => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const servers: Server[] = [];
  try {
    for (const peer of ['express', 'cloister'] as const) servers.push(await openServer(peer, databaseUrl));
    const [plain, ours] = servers as [Server, Server];
    const times: Record<'plain' | 'ours' | 'plainBuild' | 'oursBuild' | 'driver', number[]> = {
      plain: [],
      ours: [],
      plainBuild: [],
      oursBuild: [],
      driver: [],
    };
    // The first round warms up; after that the peers take turns.
    for (let round = 0; round <= rounds; round += 1) {
      const each = Math.ceil(samples / rounds);
      const found = {
        plain: await timesOf(agent, plain, 'queries', each),
        ours: await timesOf(agent, ours, 'queries', each),
        plainBuild: await timesOf(agent, plain, 'builds', each),
        oursBuild: await timesOf(agent, ours, 'builds', each),
        driver: await driverTimes(databaseUrl, each),
      };
      if (round > 0) for (const key of Object.keys(times) as (keyof typeof times)[]) times[key].push(...found[key]);
    }
    const knexMs = median(times.plain);
    const cloisterMs = median(times.ours);
    const serverMs = median(times.driver);
    const own = await profile(agent, ours, samples);
    const [plainBuildMs, oursBuildMs] = [median(times.plainBuild), median(times.oursBuild)];
    const known = oursBuildMs + own.frames + own.bridge + own.database + serverMs;
    return {
      samples,
      knexMs,
      cloisterMs,
      addedMs: cloisterMs - knexMs,
      serverMs,
      parts: [
        { name: 'guest: Knex builds the statement', knexMs: plainBuildMs, cloisterMs: oursBuildMs },
        { name: 'host: frames read and written', knexMs: null, cloisterMs: own.frames },
        { name: 'host: bridge, checks, ledger', knexMs: null, cloisterMs: own.bridge },
        { name: 'host: admission, pool, driver', knexMs: null, cloisterMs: own.database },
        { name: 'server, by the driver alone', knexMs: serverMs, cloisterMs: serverMs },
        {
          name: 'the rest: ward, hops between threads, rows read',
          knexMs: knexMs - plainBuildMs - serverMs,
          cloisterMs: cloisterMs - known,
        },
      ],
    };
  } finally {
    agent.destroy();
    await Promise.all(servers.map((server) => server.close()));
  }
};

const rounds = 5;
