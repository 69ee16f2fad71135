// What a Directus package finds on its request and in a listener's context: accountability in Directus's shape, its own schema, its own database. Must never hold more than the host said.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hook } from '../helpers/hook.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { directusExtension, extension, openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';

const endpoint = `
export default (router, { emitter }) => {
  router.get('/who', (req, res) => res.json({ who: req.accountability, own: Object.getOwnPropertyDescriptor(req, 'accountability') }));
  router.get('/write', (req, res) => { req.accountability = { ...req.accountability, admin: true }; req.accountability.mine = 1; res.json([req.accountability.admin, 'accountability' in req, Object.keys(req).includes('accountability')]); });
  router.get('/emit', async (req, res) => res.json(await emitter.emitFilter('seen.one', {}, {}, { accountability: { admin: true }, schema: 'mine' })));
};`;

const seeing = `export default ({ filter }) => filter('seen.*', async (payload, meta, { database, schema, accountability }) => ({ ...payload, schema: schema === null ? null : Object.keys(schema.collections), rows: await database('notes').pluck('text').catch((error) => error.code), admin: accountability?.admin ?? null }));`;

let database: TestDatabase;
let runtime: TestRuntime;
before(async () => {
  database = await openTestDatabase(`create table notes (id serial primary key, text text); insert into notes (text) values ('a note');`);
  const notes = { database: { tables: { notes: { read: true } } } };
  runtime = await openTestRuntime({
    extensions: {
      old: directusExtension(endpoint, { capabilities: { emitter: { emit: ['seen.*'] } } }),
      new: extension(endpoint, { capabilities: { emitter: { emit: ['seen.*'] } } }),
      seeing: hook(seeing, { listen: ['seen.*'] }, {}, { ...notes, schema: {} }),
    },
    options: {
      database: database.url,
      limits: { wallMs: 10_000, registerMs: 20_000 },
      identify: (request) => ({
        tenant: 'default',
        accountability:
          request.headers['x-who'] === undefined ? null : { user: String(request.headers['x-who']), roles: ['r1'], share: 's1' },
      }),
    },
  });
  assert.deepEqual(
    runtime.runtime.refused().map(({ error }) => error.message),
    [],
  );
});
after(async () => {
  await runtime.close();
  await database.close();
});

describe('req.accountability of a Directus package', () => {
  const nobody = { role: null, roles: [], user: null, admin: false, app: false, ip: '127.0.0.1' };
  test('is there for an anonymous caller, with every key', async () =>
    assert.deepEqual(((await runtime.get('/old/who')).json() as { readonly who: object }).who, nobody));
  test('is what the host said, with what it did not say as nobody has it', async () =>
    assert.deepEqual(((await runtime.get('/old/who', { 'x-who': 'u1' })).json() as { readonly who: object }).who, {
      ...nobody,
      user: 'u1',
      roles: ['r1'],
      share: 's1',
    }));
  test('is own, enumerable and writable, and what is written there changes nothing for a listener', async () => {
    const { own } = (await runtime.get('/old/who')).json() as { readonly own: object };
    assert.deepEqual({ ...own, value: null }, { value: null, writable: true, enumerable: true, configurable: true });
    assert.deepEqual((await runtime.get('/old/write')).json(), [true, true, true]);
    assert.equal(((await runtime.get('/old/emit', { 'x-who': 'u1' })).json() as { readonly admin: unknown }).admin, false);
  });
  test('of another package is the host’s word as it is', async () =>
    assert.equal(((await runtime.get('/new/who')).json() as { readonly who: unknown }).who, null));
});

test('a listener’s context holds its own schema, its own database and the host’s accountability, whatever the emitter passed', async () => {
  assert.deepEqual((await runtime.get('/old/emit')).json(), { schema: ['notes'], rows: ['a note'], admin: null });
});
