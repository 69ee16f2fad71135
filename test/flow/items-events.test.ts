// Events of ItemsService, heard by hooks of other extensions: what they may change, refuse and learn. Must never rely on when an action runs, but that it does.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { DatabaseGrant } from '../../src/capabilities/database/contract.ts';
import { hook } from '../helpers/hook.ts';
import { type ItemsCall, type ItemsRuntime, openItemsRuntime } from '../helpers/items-runtime.ts';
import { waitUntil } from '../helpers/runtime.ts';

const setUp = `
  create table authors (id serial primary key, name text not null);
  create table articles (id serial primary key, title text, author int references authors, hidden text);
  create table notes (id serial primary key, text text);
`;
const seed =
  "truncate authors, articles, notes restart identity; insert into authors (name) values ('Ada'); insert into articles (title, author) values ('one', 1), ('two', 1), ('three', null);";

const all = { read: true, create: true, update: true, delete: true } as const;
const columns = ['id', 'title', 'author'];
const grant: DatabaseGrant = {
  tables: { authors: all, articles: { read: { columns }, create: { columns }, update: { columns }, delete: true } },
};

/** The title says what is done with it. */
const rules = `
export default ({ filter, action }, { logger }) => {
  const heard = (kind) => (...args) => logger.info({ kind, args: args.slice(0, kind === 'filter' ? 2 : 1) }, 'heard');
  const listen = (event) => { filter(event, heard('filter')); action(event, heard('action')); };
  for (const operation of ['create', 'update', 'delete']) for (const prefix of ['', 'articles.', 'authors.']) listen(prefix + 'items.' + operation);
  filter('items.create', (payload, { collection }) => collection === 'articles' && payload.title === 'general' ? { ...payload, title: 'general, heard' } : undefined);
  filter('articles.items.create', (payload) => payload.title?.startsWith('general') ? { ...payload, title: payload.title + ', and its own' } : undefined);
  filter('articles.items.create', (payload) => { if (payload.title === 'refused') throw Object.assign(new Error('No.'), { name: 'DirectusError', code: 'NOT_TODAY', status: 418, extensions: { why: 'because' } }); });
  filter('articles.items.create', (payload) => payload.title === 'smuggled' ? { ...payload, hidden: 'x' } : payload.title === 'broken' ? 'no item' : undefined);
  filter('articles.items.update', (payload, meta) => payload.title === 'keys' ? { ...payload, title: 'keys ' + meta.keys.join() } : undefined);
  filter('articles.items.delete', (keys) => { if (keys.includes(3)) throw Object.assign(new Error('Not three.'), { name: 'DirectusError', code: 'NOT_THREE', status: 403, extensions: {} }); return [1]; });
};`;

/** Writes down what was made, in a collection of its own. */
const scribe = `
export default ({ action, filter }, { services, logger }) => {
  action('articles.items.create', async ({ key }) => { await new services.ItemsService('notes', {}).createOne({ text: 'made ' + key }); });
  filter('notes.items.create', async (payload) => {
    if (payload.text !== 'loop') return;
    await new services.ItemsService('notes', {}).createOne({ text: 'again' }).catch((error) => { logger.info({ code: error.code }, 'looped'); throw error; });
  });
};`;

const notes = { tables: { notes: all } } as const;
let runtime: ItemsRuntime;
before(async () => {
  runtime = await openItemsRuntime({
    setUp,
    seed,
    grants: { items: grant, note: notes },
    beside: {
      rules: hook(rules, { listen: ['items.*', 'articles.items.*', 'authors.items.*'] }),
      scribe: hook(
        scribe,
        { listen: ['articles.items.create', 'notes.items.create'] },
        {},
        { database: notes, services: { ItemsService: { methods: true, collections: ['notes'] } } },
      ),
    },
  });
});
after(() => runtime.close());
beforeEach(() => runtime.admin.query(seed));

interface Heard {
  readonly kind: string;
  readonly args: readonly unknown[];
}
/** Of those whose arguments hold `mark`: what an earlier test caused may still be heard. */
const heardOf = (mark: string): readonly Heard[] =>
  runtime.logs.filter(({ msg, guest }) => msg === 'heard' && JSON.stringify(guest).includes(mark)).map(({ guest }) => guest as Heard);

const run = async (call: ItemsCall) => (await runtime.run('items', [call]))[0];
const titles = async (): Promise<unknown> => (await runtime.admin.query('select array_agg(title order by id) t from articles')).rows[0]?.t;

/** What was heard of a call: all filters, and the two actions when they have come. */
const hear = async (call: ItemsCall, mark: string): Promise<readonly (readonly unknown[])[]> => {
  await run(call);
  const ofKind = (kind: string): readonly Heard[] => heardOf(mark).filter((one) => one.kind === kind);
  await waitUntil('two actions', () => ofKind('action').length >= 2);
  const actions = ofKind('action').toSorted((a, b) => eventOf(b).length - eventOf(a).length);
  return [...ofKind('filter'), ...actions].map(({ kind, args }) => [kind, ...args]);
};
const eventOf = ({ args }: Heard): string => String((args[0] as { readonly event?: unknown }).event);

describe('a filter of an item', () => {
  test('changes what is created, for all collections first and then for its own', async () => {
    await run(['articles', 'createOne', { title: 'general' }]);
    assert.deepEqual(await titles(), ['one', 'two', 'three', 'general, heard, and its own']);
  });
  test('refuses in its own words, and nothing is written', async () => {
    const outcome = await run(['articles', 'createMany', [{ title: 'fine' }, { title: 'refused' }]]);
    assert.deepEqual(
      [outcome?.error?.name, outcome?.error?.code, outcome?.error?.status, outcome?.error?.extensions],
      ['DirectusError', 'NOT_TODAY', 418, { why: 'because' }],
    );
    assert.deepEqual(await titles(), ['one', 'two', 'three']);
  });
  test('can add nothing that the extension which writes may not set', async () => {
    assert.equal((await run(['articles', 'createOne', { title: 'smuggled' }]))?.error?.code, 'FORBIDDEN');
    assert.equal((await run(['articles', 'createOne', { title: 'broken' }]))?.error?.code, 'INVALID_PAYLOAD');
    assert.deepEqual(await titles(), ['one', 'two', 'three']);
  });
  test('of an update knows the keys', async () => {
    await run(['articles', 'updateMany', [1, 2], { title: 'keys' }]);
    assert.deepEqual(await titles(), ['keys 1,2', 'keys 1,2', 'three']);
  });
  test('of a delete can refuse, and not choose others', async () => {
    assert.equal((await run(['articles', 'deleteMany', [2, 3]]))?.error?.code, 'NOT_THREE');
    assert.deepEqual((await run(['articles', 'deleteOne', 2]))?.result, 2);
    assert.deepEqual(await titles(), ['one', 'three']);
  });
  test('hears of what is nested', async () => {
    await run(['articles', 'createOne', { title: 'nesting', author: { name: 'nested' } }]);
    const events = heardOf('nest')
      .filter(({ kind }) => kind === 'filter')
      .map(({ args }) => (args[1] as { readonly event: string }).event);
    assert.deepEqual(events, ['items.create', 'articles.items.create', 'items.create', 'authors.items.create']);
  });
});

describe('events of an item tell', () => {
  test('of a create: payload, key and collection', async () => {
    const payload = { title: 'told of create', author: 1 };
    assert.deepEqual(await hear(['articles', 'createOne', payload], 'told of create'), [
      ['filter', payload, { event: 'items.create', collection: 'articles' }],
      ['filter', payload, { event: 'articles.items.create', collection: 'articles' }],
      ['action', { event: 'articles.items.create', payload, key: 4, collection: 'articles' }],
      ['action', { event: 'items.create', payload, key: 4, collection: 'articles' }],
    ]);
  });
  test('of an update: payload, keys and collection', async () => {
    const payload = { title: 'told of update' };
    assert.deepEqual(await hear(['articles', 'updateOne', 2, payload], 'told of update'), [
      ['filter', payload, { event: 'items.update', keys: [2], collection: 'articles' }],
      ['filter', payload, { event: 'articles.items.update', keys: [2], collection: 'articles' }],
      ['action', { event: 'articles.items.update', payload, keys: [2], collection: 'articles' }],
      ['action', { event: 'items.update', payload, keys: [2], collection: 'articles' }],
    ]);
  });
  test('of a delete: keys and collection', async () => {
    assert.deepEqual(await hear(['articles', 'deleteMany', [2, 1]], '[2,1]'), [
      ['filter', [2, 1], { event: 'items.delete', collection: 'articles' }],
      ['filter', [2, 1], { event: 'articles.items.delete', collection: 'articles' }],
      ['action', { event: 'articles.items.delete', payload: [2, 1], keys: [2, 1], collection: 'articles' }],
      ['action', { event: 'items.delete', payload: [2, 1], keys: [2, 1], collection: 'articles' }],
    ]);
  });
});

describe('events are not heard', () => {
  test('where the method’s options or the service’s own say so', async () => {
    await run(['articles', 'createOne', { title: 'refused' }, { emitEvents: false }]);
    await run(['articles', 'updateOne', 1, { title: 'keys', author: { name: 'silent' } }, { emitEvents: false }]);
    await run(['articles', 'deleteOne', 3, { emitEvents: false }]);
    await runtime.code(
      'items',
      "return new services.ItemsService('articles', { emitEvents: false }).createOne({ title: 'refused', author: { name: 'silent' } })",
    );
    // One that is heard comes after all that would have been.
    await hear(['articles', 'createOne', { title: 'after the silent' }], 'after the silent');
    assert.deepEqual(await titles(), ['keys', 'two', 'refused', 'refused', 'after the silent']);
    assert.deepEqual(heardOf('"silent"'), []);
  });
  test('as actions of what was not kept', async () => {
    assert.equal((await run(['articles', 'createOne', { title: 'not kept', author: { nothing: 1 } }]))?.error?.code, 'FORBIDDEN');
    await hear(['articles', 'createOne', { title: 'after not kept' }], 'after not kept');
    assert.deepEqual(
      heardOf('"not kept"').filter(({ kind }) => kind === 'action'),
      [],
    );
  });
});

describe('a listener that writes items itself', () => {
  test('does so under its own grant', async () => {
    const outcome = await run(['articles', 'createOne', { title: 'noted' }]);
    assert.equal(outcome?.result, 4);
    let found: unknown;
    for (let turn = 0; turn < 500 && found === undefined; turn += 1) {
      found = (await runtime.admin.query("select text from notes where text = 'made 4'")).rows[0]?.text;
      if (found === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(found, 'made 4');
  });
  test('cannot cause the event it is handling', async () => {
    const [outcome] = await runtime.run('note', [['notes', 'createOne', { text: 'loop' }]]);
    assert.notEqual(outcome?.error, undefined, JSON.stringify(outcome));
    assert.deepEqual(
      runtime.logs.filter(({ msg }) => msg === 'looped').map(({ guest }) => (guest as { readonly code: string }).code),
      ['ERR_EVENT_LOOP'],
    );
    assert.deepEqual((await runtime.admin.query("select text from notes where text in ('loop', 'again')")).rows, []);
  });
});
