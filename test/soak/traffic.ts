// The requests of the soak: what each does to the database, what may be left of it, and how often it comes. Must never hold an expectation that a busy machine breaks.

/** What has to be in the table after it. */
export type Left =
  /** Both rows where it answered 200; else both or none. */
  | 'both'
  /** The first row where it answered 200, never the second. */
  | 'first'
  | 'none';

export interface Operation {
  readonly name: string;
  readonly weight: number;
  readonly extension: 'calm' | 'wild';
  readonly left: Left;
  /** Milliseconds, at most, after which the client goes away. */
  readonly abortsWithin?: number;
}

export const operations: readonly Operation[] = [
  { name: 'list', weight: 300, extension: 'calm', left: 'none' },
  { name: 'stream', weight: 50, extension: 'calm', left: 'none' },
  { name: 'insert', weight: 150, extension: 'calm', left: 'both' },
  { name: 'commit', weight: 130, extension: 'calm', left: 'both' },
  { name: 'rollback', weight: 120, extension: 'calm', left: 'none' },
  { name: 'nested', weight: 60, extension: 'calm', left: 'first' },
  { name: 'locked', weight: 40, extension: 'calm', left: 'both' },
  { name: 'steal', weight: 40, extension: 'calm', left: 'none' },
  { name: 'timeout', weight: 30, extension: 'calm', left: 'none' },
  { name: 'abort', weight: 50, extension: 'calm', left: 'both', abortsWithin: 60 },
  { name: 'forget', weight: 12, extension: 'wild', left: 'none' },
  { name: 'hang', weight: 10, extension: 'wild', left: 'none' },
  { name: 'spin', weight: 5, extension: 'wild', left: 'none' },
  { name: 'bomb', weight: 3, extension: 'wild', left: 'none' },
];

/** The row that belongs to nobody here: whoever sees or changes it has broken out. */
export const strangersKey = 'strangers';
export const tenants = ['t1', 't2', 't3', 't4'] as const;

export const setUpSql = `
  create table keys (key text primary key, tenant_id text not null, title text not null default 'own');
  insert into keys values ('${strangersKey}', 'stranger', 'canary');
  insert into keys select 'seed ' || t || n, 't' || t, 'own' from generate_series(1, 4) t, generate_series(1, 40) n;`;

const ofTenant = { tenant_id: { _eq: '$tenant' } };

export const grant = {
  tables: {
    keys: {
      rows: ofTenant,
      read: true,
      create: { columns: ['key', 'title'], defaults: { tenant_id: '$tenant' } },
      update: { columns: ['title'] },
    },
  },
  functions: ['pg_sleep', 'pg_advisory_xact_lock'],
  statementMs: 600,
} as const;

export const source = `
export default (router, { database }) => {
  const row = (key, n) => ({ key: key + '.' + n });
  const own = (rows) => ({ tenants: [...new Set(rows.map((one) => one.tenant_id))], titles: [...new Set(rows.map((one) => one.title))] });
  const work = {
    list: async () => own(await database('keys').orderBy('key').limit(30)),
    stream: async () => { const rows = []; for await (const one of database('keys').select('*').limit(200).stream()) { rows.push(one); if (rows.length === 20) break; } return own(rows); },
    insert: async (key) => { await database('keys').insert([row(key, 1), row(key, 2)]); },
    commit: (key) => database.transaction(async (trx) => { await trx('keys').insert(row(key, 1)); await trx('keys').insert(row(key, 2)); }),
    rollback: (key) => database.transaction(async (trx) => { await trx('keys').insert(row(key, 1)); await trx('keys').insert(row(key, 2)); throw Object.assign(new Error('back'), { status: 409 }); }),
    nested: (key) => database.transaction(async (trx) => {
      await trx('keys').insert(row(key, 1));
      await trx.transaction(async (inner) => { await inner('keys').insert(row(key, 2)); throw new Error('back'); }).catch(() => undefined);
    }),
    locked: (key) => database.transaction(async (trx) => { await trx.raw('select pg_advisory_xact_lock(1)'); await trx('keys').insert([row(key, 1), row(key, 2)]); }),
    steal: async () => database('keys').insert({ key: '${strangersKey}', title: 'stolen' }).onConflict('key').merge(['title']),
    timeout: (key) => database.transaction(async (trx) => { await trx('keys').insert(row(key, 1)); await trx.raw('select pg_sleep(20)'); }),
    abort: (key) => database.transaction(async (trx) => { await trx('keys').insert(row(key, 1)); await trx.raw('select pg_sleep(0.15)'); await trx('keys').insert(row(key, 2)); }),
    forget: async (key) => { const trx = await database.transaction(); await trx('keys').insert(row(key, 1)); },
    hang: async (key) => { const trx = await database.transaction(); await trx('keys').insert(row(key, 1)); await new Promise(() => undefined); },
    spin: async (key) => { const trx = await database.transaction(); await trx('keys').insert(row(key, 1)); for (;;); },
    bomb: async (key) => { const trx = await database.transaction(); await trx('keys').insert(row(key, 1)); const all = []; for (;;) all.push(new Array(100_000).fill(all.length)); },
  };
  router.get('/:name/:key', async (req, res, next) => { try { res.json((await work[req.params.name](req.params.key)) ?? null); } catch (error) { next(error); } });
};`;
