// The traffic of the long soak: three neighbours that do nothing wrong, and everything hostile we have. Must never expect of an attack more than that it ends.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Attacker, loadAttacker } from '../helpers/attack-matrix.ts';
import type { RequestOptions } from '../helpers/client.ts';
import { extension } from '../helpers/runtime.ts';
import type { Files } from '../packages/package-writer.ts';

export interface Asked {
  /** Under this name it is counted. */
  readonly name: string;
  readonly path: string;
  readonly options: RequestOptions;
}

/** Stands where no extension may see it: an answer that has it is a fault. */
export const canary = 'canary-7c1e';

export const setUpSql = `
  create table things (id int primary key, title text not null, hits int not null default 0);
  insert into things select n, 'thing ' || n from generate_series(1, 200) n;
  create table articles (id int primary key, title text not null);
  insert into articles values (1, 'open');
  create table members (id int primary key, api_token text not null);
  insert into members values (1, '${canary}');`;

const neighbourSource = `
export default (router, { database }) => {
  router.get('/hello', (req, res) => res.json({ hello: req.query.name }));
  router.get('/list', async (req, res, next) => {
    try { res.json(await database('things').select('id', 'title').orderBy('id').limit(20)); } catch (error) { next(error); }
  });
  router.post('/sum', async (req, res, next) => {
    try {
      const sum = req.body.numbers.reduce((one, other) => one + other, 0);
      await database('things').where({ id: req.body.id }).update({ hits: database.raw('hits + 1') });
      await new Promise((resolve) => setTimeout(resolve, 2));
      res.json({ sum });
    } catch (error) { next(error); }
  });
};`;

const things = { tables: { things: { read: true, update: { columns: ['hits'] } } } };
const hostileLimits = { cpuMs: 60, wallMs: 800, memoryMb: 48, wardRssMb: 384, registerMs: 20_000 };
export const hostileTenants = 12;

/** The neighbours have their own tenants: what they share with the hostile is the host, the machine and the database. */
export const makeExtensions = (): Readonly<Record<string, Files>> => ({
  neighbour: extension(neighbourSource, {
    capabilities: { database: things },
    limits: { cpuMs: 2_000, wallMs: 20_000, registerMs: 20_000 },
  }),
  attacker: extension(readFileSync(new URL('../fixtures/guest/attacker.js', import.meta.url), 'utf8'), {
    capabilities: { database: { tables: { things: { read: true } } }, emitter: { emit: ['attacker.*'], listen: ['attacker.*'] } },
    limits: hostileLimits,
  }),
});

export const hostileFolders: readonly string[] = ['glutton', 'spinner', 'snoop'].map((name) =>
  fileURLToPath(new URL(`../../extensions/${name}`, import.meta.url)),
);
/** What the examples would take of a machine that others work on. */
export const hostileCeiling = Object.fromEntries(
  ['glutton', 'spinner', 'snoop'].map((name) => [name, { capabilities: 'requested' as const, limits: hostileLimits }]),
);

export const neighbourNames = ['hello', 'list', 'sum'] as const;
export type NeighbourName = (typeof neighbourNames)[number];

export const askNeighbour = (name: NeighbourName, round: number): Asked => {
  const headers = { 'x-tenant': `neighbour-${name}` };
  if (name === 'hello') return { name, path: `/neighbour/hello?name=${String(round)}`, options: { headers } };
  if (name === 'list') return { name, path: '/neighbour/list', options: { headers } };
  const body = { id: 1 + (round % 200), numbers: Array.from({ length: 100 }, (_, index) => index + round) };
  return { name, path: '/neighbour/sum', options: { method: 'POST', headers, body } };
};

const gluttonWays = ['fill', 'arrays', 'objects', 'strings', 'doubling', 'map', 'keys', 'buffers', 'promises', 'later'];
const spinnerWays = ['microtasks', 'timer', 'caught', 'json', 'regexp', 'builtin', 'never'];
/** One in so many of the hostile clients goes away before it is answered. */
const leavesEach = 20;

const mostThrows = 100_000;

/** Chooses by chance: half from the matrix of positions and ways, the rest from the hostile examples. With `only`, those whose path has such a part. */
export const openHostile = async (random: () => number, only: readonly string[]): Promise<() => Asked> => {
  const { ways, positions }: Attacker = await loadAttacker();
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? '';
  const choose = (): readonly [name: string, path: string] => {
    const dice = random();
    if (dice < 0.5) {
      const [position, way] = [pick(Object.keys(positions)), pick(Object.keys(ways))];
      return ['attacker', `/attacker/run/${encodeURIComponent(position)}/${encodeURIComponent(way)}`];
    }
    if (dice < 0.7) return ['glutton', `/glutton/${pick(gluttonWays)}`];
    return dice < 0.9 ? ['spinner', `/spinner/${pick(spinnerWays)}`] : ['snoop', '/snoop'];
  };
  const chooseOnly = (): readonly [name: string, path: string] => {
    for (let throws = 0; throws < mostThrows; throws += 1) {
      const [name, path] = choose();
      if (only.length === 0 || only.some((part) => decodeURIComponent(path).includes(part))) return [name, path];
    }
    throw new Error(`no attack has ${only.map((part) => `'${part}'`).join(' or ')} in its path`);
  };
  return () => {
    const [name, path] = chooseOnly();
    const headers = { 'x-tenant': `hostile-${String(Math.floor(random() * hostileTenants))}` };
    const leaves = random() < 1 / leavesEach;
    return { name, path, options: { headers, ...(leaves ? { signal: AbortSignal.timeout(1 + Math.floor(random() * 200)) } : {}) } };
  };
};
