// Runs one case as plain Knex on pg and as an extension through HTTP, ward, isolate and both walls, on one server. Must never let the two runs share anything but the rows.
import knexFactory, { type Knex } from 'knex';
import pg from 'pg';
import { kindsColumns, knexGrant, knexSeed, knexSetUp } from './database-knex.ts';
import { openTestDatabase } from './postgres.ts';
import { extension, openTestRuntime } from './runtime.ts';

/** Its source goes to the isolate as text: it may use nothing but its arguments. */
export type DifferentialRun = (knex: Knex, ...args: never[]) => unknown;
export type DifferentialCase = readonly [name: string, run: DifferentialRun, ...args: unknown[]];

export interface Differential {
  /** What each of the two made of it, values with their types. */
  compare(run: DifferentialRun, args: readonly unknown[]): Promise<readonly [cloister: unknown, plain: unknown]>;
  /** The same, each from the seed, with all rows of all tables after it. */
  compareWrites(run: DifferentialRun, args: readonly unknown[]): Promise<readonly [cloister: unknown, plain: unknown]>;
  close(): Promise<void>;
}

/** Text in and out of both: so it may use nothing around it. */
const encode = (value: unknown): unknown => {
  const walk = (one: unknown, depth: number): unknown => {
    if (one === undefined) return { type: 'undefined' };
    if (typeof one === 'number' && (!Number.isFinite(one) || Object.is(one, -0)))
      return { type: 'number', text: Object.is(one, -0) ? '-0' : String(one) };
    if (typeof one === 'bigint') return { type: 'bigint', text: String(one) };
    if (typeof one === 'function') return { type: 'function' };
    if (one === null || typeof one !== 'object') return one;
    if (depth > 12) return { type: 'deep' };
    if (one instanceof Date) return { type: 'Date', text: Number.isNaN(one.getTime()) ? 'invalid' : one.toISOString() };
    if (one instanceof Uint8Array) return { type: 'bytes', text: Array.from(one, (byte) => byte.toString(16).padStart(2, '0')).join('') };
    if (Array.isArray(one)) return one.map((part: unknown) => walk(part, depth + 1));
    return Object.entries(one).map(([key, part]) => [key, walk(part, depth + 1)]);
  };
  return walk(value, 0);
};

/** Of a failure, what code in the wild asks for. The words are ours on purpose (failure.ts). */
const encodeFailure = (error: unknown): unknown => {
  const { name, code, severity, constraint } = error as Readonly<Record<string, unknown>>;
  const known = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code);
  return { failed: known ? [name, code, severity, constraint ?? null] : [name, String((error as Error).message).split(' - ')[0]] };
};

const source = `
const encode = ${encode.toString()};
const encodeFailure = ${encodeFailure.toString()};
export default (router, { database }) => {
  router.post('/run', async (req, res) => {
    const run = new Function('return (' + req.body.source + ')')();
    try { res.json({ result: encode(await run(database, ...req.body.args)) }); } catch (error) { res.json({ result: encodeFailure(error) }); }
  });
};`;

const toJson = (value: unknown): unknown => JSON.parse(JSON.stringify({ result: value })) as unknown;

export const openDifferential = async (): Promise<Differential> => {
  const database = await openTestDatabase(knexSetUp);
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  await admin.query(knexSeed);
  const plain = knexFactory({ client: 'pg', connection: database.url, pool: { min: 0, max: 2 } });
  const runtime = await openTestRuntime({
    extensions: { diff: extension(source, { capabilities: { database: knexGrant } }) },
    options: { database: database.url, limits: { cpuMs: 5_000, wallMs: 30_000 } },
  });

  const runPlain = async (run: DifferentialRun, args: readonly unknown[]): Promise<unknown> => {
    try {
      return toJson(encode(await run(plain, ...(args as never[]))));
    } catch (error) {
      return toJson(encodeFailure(error));
    }
  };
  const runCloister = async (run: DifferentialRun, args: readonly unknown[]): Promise<unknown> =>
    (await runtime.post('/diff/run', { source: run.toString(), args })).json();

  const reseed = async (): Promise<void> => {
    await admin.query(knexSeed);
  };
  const contents = async (): Promise<unknown> => {
    const texts: unknown[] = [];
    for (const table of ['authors', 'articles', 'sales.orders'])
      texts.push((await admin.query(`select t::text from ${table} t order by id`)).rows);
    texts.push(
      (await admin.query(`select id, ${kindsColumns.map((column) => `"${column}"::text`).join(', ')} from kinds order by id`)).rows,
    );
    return texts;
  };

  return {
    compare: async (run, args) => [await runCloister(run, args), await runPlain(run, args)],
    async compareWrites(run, args) {
      await reseed();
      const cloister = [await runCloister(run, args), await contents()];
      await reseed();
      return [cloister, [await runPlain(run, args), await contents()]];
    },
    async close() {
      await runtime.close();
      await plain.destroy();
      await admin.end();
      await database.close();
    },
  };
};
