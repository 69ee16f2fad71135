// An extension that reaches for everything, a grant for less than the ceiling, and the ceiling. Must never hold logic.

export const source = `
export default (router, { database, env, emitter, logger, getSchema }) => {
  const attempt = async (run) => { try { return await run(); } catch (error) { return { code: error.code }; } };
  const query = (path, run) => router.get(path, async (req, res) => res.json(await attempt(() => run(req))));
  query('/titles', () => database('articles').select('id', 'title').orderBy('id'));
  query('/bodies', () => database('articles').select('id', 'body').orderBy('id'));
  query('/retitle', () => database('articles').where({ id: 1 }).update({ title: 'one' }));
  query('/members', () => database('members').select('*'));
  query('/delete', () => database('articles').where({ id: 1 }).delete());
  query('/sleep', () => database.raw('select pg_sleep(0)'));
  query('/notes', () => database('notes').select('text').orderBy('id'));
  query('/wrong', () => database.raw('select 1; select 2'));
  query('/env', () => [env.GREETING ?? null, env.SECRET ?? null]);
  query('/process', () => [process.env.GREETING ?? null, process.env.SECRET ?? null]);
  query('/emit/:event', async (req) => { await emitter.emitFilter(req.params.event, {}, {}); return 'emitted'; });
  query('/schema', async () => Object.keys((await getSchema()).collections).sort());
  query('/headers', (req) => [req.headers['x-granted'] ?? null, req.headers['x-over'] ?? null]);
  query('/log', () => { logger.info('a word'); return null; });
  query('/many', async () => (await Promise.all(Array.from({ length: 5 }, () => attempt(() => database('articles').select('id'))))).map((one) => one.code ?? 'ok'));
  router.post('/sent', (req, res) => res.json('sent'));
};`;

export const listening = `export default ({ action }, { logger }) => { action('orders.*', () => logger.info('heard')); };`;

/** Asks for less than the ceiling in every capability. */
export const narrow = {
  database: { tables: { articles: { rows: { status: { _eq: 'live' } }, read: { columns: ['id', 'title'] } } }, callsPerRequest: 3 },
  env: { keys: [] },
  emitter: { emit: [] },
  headers: { names: [] },
  log: { levels: ['error'] },
  router: { methods: ['GET'], paths: ['/titles', '/bodies', '/env', '/log', '/headers', '/many'] },
  schema: { collections: ['articles'] },
} as const;

export const ceiling = {
  database: {
    tables: {
      articles: { read: true, update: true },
      notes: { rows: { tenant: { _eq: '$tenant' } }, read: true },
    },
  },
  env: { keys: ['GREETING'] },
  emitter: { emit: ['orders.*'], listen: ['orders.*'] },
  headers: { names: ['x-granted'] },
  schema: {},
} as const;

export const setUp = `
create table articles (id serial primary key, title text, body text, status text default 'live');
insert into articles (title, body, status) values ('one', 'first', 'live'), ('two', 'second', 'draft');
create table members (id int); create table notes (id serial primary key, tenant text, text text);
insert into notes (tenant, text) values ('a', 'of a'), ('b', 'of b');`;
