// Extensions that say nothing of what they need, and a recorded load for each. Must never hold a manifest: the audit has to find it.
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Files } from '../packages/package-writer.ts';
import type { RequestOptions } from './client.ts';

export type Load = readonly (readonly [path: string, request?: RequestOptions])[];

const examples = join(import.meta.dirname, '../../extensions');

const json = (method: string, value: object): RequestOptions => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

/** Examples, by folder. */
export const exampleLoads: Readonly<Record<string, Load>> = {
  articles: [
    ['/articles?limit=2'],
    ['/articles?status=published&limit=1'],
    ['/articles/2'],
    ['/articles/999999'],
    ['/articles', json('POST', { title: 'Learned' })],
    ['/articles', json('POST', { title: 'Learned too', published_at: '2026-01-02T03:04:05Z' })],
    ['/articles/1', json('PATCH', { title: 'Changed', body: 'Words.', status: 'published', published_at: '2026-02-02T03:04:05Z' })],
    ['/articles/3', { method: 'DELETE' }],
  ],
  bare: [['/bare']],
  greet: [['/greet'], ['/greet/intro']],
  guarded: [
    ['/guarded'],
    ['/guarded/inner?word=sesame'],
    ['/guarded/inner?word=sesame', json('POST', { a: 1 })],
    ['/guarded/inner'],
    ['/guarded/throws'],
    ['/guarded/double/21'],
  ],
  ticker: [['/ticker?ticks=2&everyMs=10']],
};

/** The package as it is, but for what it asks. */
export const copyExample = async (name: string, folder: string): Promise<void> => {
  await cp(join(examples, name), folder, { recursive: true });
  const file = join(folder, 'package.json');
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return;
  const { cloister: _, ...rest } = JSON.parse(text) as Record<string, unknown>;
  // Without either key only an index.js makes a folder a package.
  const plain = rest['directus:extension'] === undefined ? { ...rest, cloister: {} } : rest;
  await writeFile(file, `${JSON.stringify(plain, null, 4)}\n`);
};

const hookJson = JSON.stringify({
  version: '1.0.0',
  type: 'module',
  'directus:extension': { type: 'hook', path: 'index.js', host: '^11.0.0' },
});

interface Sample {
  readonly files: Files;
  readonly load: Load;
}

export const samples: Readonly<Record<string, Sample>> = {
  settings: {
    files: {
      'index.js': `export default (router, { env, logger }) => {
        const start = env.GREETING;
        router.get('/', (req, res) => { logger.debug('asked'); res.json([start, env.PORT, process.env.MOTTO]); });
        router.get('/who', (req, res) => res.json([req.get('x-team'), req.cookies.session ?? null]));
      };`,
    },
    load: [
      ['/settings'],
      ['/settings/who', { headers: { 'x-team': 'red', 'x-unread': 'blue', authorization: 'Basic eDp5', cookie: 'session=7' } }],
    ],
  },
  shelves: {
    files: {
      'index.js': `export default (router, { database }) => {
        router.get('/full', async (req, res) => res.json(await database('books as b').join('shelves as s', 's.id', 'b.shelf')
          .select('s.name').count({ books: '*' }).where('b.status', 'new').groupBy('s.name').orderBy('s.name')));
        router.get('/all', async (req, res) => res.json(await database('shelves').orderBy('id')));
        router.get('/has/:id', async (req, res) => res.json(await database('books').whereExists(
          database('orders').select('*').whereRaw('orders.book = books.id')).where({ id: req.params.id }).count({ n: '*' })));
        router.post('/move', async (req, res) => res.json(await database.transaction(async (trx) => {
          await trx('books').where({ id: req.body.id }).update({ shelf: req.body.to });
          await trx('orders').insert({ id: 50, book: req.body.id, total: 1 }).onConflict('id').merge(['total']);
          return await trx('books').where({ id: req.body.id }).first('shelf', 'title');
        })));
        router.get('/twice', async (req, res) => res.json((await database.raw('select doubled(total) as n from orders order by id')).rows));
      };`,
    },
    load: [['/shelves/full'], ['/shelves/all'], ['/shelves/has/1'], ['/shelves/move', json('POST', { id: 2, to: 2 })], ['/shelves/twice']],
  },
  cleaner: {
    files: {
      'index.js': `export default (router, { database, logger }) => {
        router.delete('/old', async (req, res) => {
          const gone = await database('books').where('status', 'old').delete();
          logger.warn('%d books are gone', gone);
          res.status(gone === 0 ? 404 : 200).json({ gone });
        });
        router.get('/count', async (req, res) => res.json(await database('books').count({ n: '*' }).first()));
        router.get('/stream', async (req, res) => {
          const titles = [];
          for await (const row of database('books').select('title').orderBy('title').stream()) titles.push(row.title);
          res.json(titles);
        });
      };`,
    },
    load: [['/cleaner/count'], ['/cleaner/stream'], ['/cleaner/old', { method: 'DELETE' }], ['/cleaner/count']],
  },
  digests: {
    files: {
      'index.js': `export default (router, { services }) => {
        router.get('/', async (req, res) => {
          const { ItemsService } = services;
          const books = new ItemsService('books', { schema: req.schema, accountability: req.accountability });
          res.json(await books.readByQuery({ fields: ['title'], filter: { status: { _eq: 'new' } }, sort: ['title'] }));
        });
        router.post('/', async (req, res) => {
          await new services.MailService({ schema: req.schema }).send({ to: 'a@example.com', subject: 'Books', text: 'none' });
          res.status(202).end();
        });
      };`,
    },
    load: [['/digests'], ['/digests', { method: 'POST' }]],
  },
  caller: {
    files: {
      'index.js': `export default (router, { env }) => {
        router.get('/', async (req, res) => {
          const listed = await fetch(env.UPSTREAM + '/v1/items/17', { headers: { 'x-shop': 'corner' } });
          const told = await fetch(env.UPSTREAM + '/told', { method: 'POST', body: 'hello' });
          res.json([listed.status, await listed.text(), told.status]);
        });
      };`,
    },
    load: [['/caller']],
  },
  keeper: {
    files: {
      'index.js': `export default (router, { kv }) => {
        router.get('/', async (req, res) => { await kv.set('a', [1]); res.json([await kv.get('a'), (await kv.list()).entries.length]); });
      };`,
    },
    load: [['/keeper']],
  },
  orders: {
    files: {
      'index.js': `export default (router, { emitter }) => {
        router.post('/', async (req, res) => {
          const order = await emitter.emitFilter('orders.create', { total: 1 }, {});
          emitter.emitAction('orders.paid', { total: order.total });
          res.json(order);
        });
      };`,
    },
    load: [['/orders', { method: 'POST' }]],
  },
  taxes: {
    files: {
      'package.json': hookJson,
      'index.js': `export default ({ filter, action }, { logger }) => {
        filter('orders.create', (order) => ({ total: order.total * 2 }));
        action('orders.*', ({ total }) => logger.error('paid %d', total));
      };`,
    },
    load: [],
  },
};

/** `upstream`: the origin that one of them asks. */
export const makeCeiling = (upstream: string): Readonly<Record<string, unknown>> => ({
  database: {
    tables: {
      articles: { read: true, create: true, update: true, delete: true },
      books: { read: true, create: true, update: true, delete: true },
      shelves: { read: true, create: true, update: true, delete: true },
      orders: { read: true, create: true, update: true, delete: true },
    },
    functions: ['doubled'],
  },
  env: { keys: ['GREETING', 'PORT', 'MOTTO', 'UNREAD', 'UPSTREAM'] },
  headers: { names: ['x-team', 'x-unread', 'authorization', 'cookie'] },
  emitter: { emit: ['**'], listen: ['**'], schedule: true },
  services: { ItemsService: { methods: true, collections: ['books', 'shelves'] }, MailService: { methods: true } },
  kv: {},
  fetch: { origins: { [upstream]: { headers: true }, 'https://unused.example.com': true } },
});

export const setUp = `
  create table books (id integer primary key, title text not null, status text, shelf integer, secret text);
  create table shelves (id integer primary key, name text, floor integer);
  create table orders (id integer primary key, book integer, total integer);
  create function public.doubled(integer) returns integer language sql immutable as 'select $1 * 2';
  create table articles_seed as select * from articles order by id limit 5;
`;

/** The same rows and the same next id before each replay. */
export const seed = `
  truncate books, shelves, orders, articles restart identity;
  insert into articles (title, status, body, views, published_at) select title, status, body, views, published_at from articles_seed order by id;
  insert into books values (1, 'One', 'new', 1, 'x'), (2, 'Two', 'old', 1, 'y'), (3, 'Three', 'new', 2, 'z');
  insert into shelves values (1, 'low', 0), (2, 'high', 1);
  insert into orders values (1, 1, 10), (2, 3, 30);
`;
