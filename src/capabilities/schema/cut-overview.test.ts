// What is left of an embedder's overview under a grant: by services whole, by the database grant in columns, relations with both ends. Pure.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cutOverview, type GrantedParts } from './cut-overview.ts';

const collection = (name: string, ...fields: readonly string[]) => ({
  collection: name,
  primary: 'id',
  note: 'own',
  fields: Object.fromEntries(['id', ...fields].map((field) => [field, { field, alias: field.endsWith('s') }])),
});
const relation = (from: string, field: string, to: string | null, oneField: string | null, allowed: readonly string[] | null = null) => ({
  collection: from,
  field,
  related_collection: to,
  meta: { one_field: oneField, one_allowed_collections: allowed },
});
const own = {
  collections: {
    articles: collection('articles', 'title', 'author', 'hidden', 'comments'),
    authors: collection('authors', 'name', 'articles', 'secrets'),
    comments: collection('comments', 'article', 'on'),
    secrets: collection('secrets', 'author'),
    constructor: collection('constructor', 'x'),
  },
  relations: [
    relation('articles', 'author', 'authors', 'articles'),
    relation('comments', 'article', 'articles', 'comments'),
    relation('secrets', 'author', 'authors', 'secrets'),
    relation('comments', 'on', null, null, ['articles', 'secrets']),
  ],
};
const before = structuredClone(own);

const table = (name: string, ...columns: readonly string[]): GrantedParts['tables'][number] =>
  ({ collection: name, columns: columns.map((column) => ({ name: column })) }) as unknown as GrantedParts['tables'][number];

interface Told {
  readonly collections: Readonly<Record<string, { readonly note: string; readonly fields: object }>>;
  readonly relations: readonly { readonly collection: string; readonly field: string; readonly meta: object }[];
}
const cut = (granted: Partial<GrantedParts>, only: readonly string[] | null = null): Told =>
  cutOverview(own, { tables: [], collections: [], ...granted }, only === null ? null : new Set(only)) as unknown as Told;
const fieldsOf = ({ collections }: Told) =>
  Object.fromEntries(Object.entries(collections).map(([name, { fields }]) => [name, Object.keys(fields).join(' ')]));
const relationsOf = ({ relations }: Told) => relations.map(({ collection: name, field }) => `${name}.${field}`);

describe('an own overview under a grant', () => {
  const rows: readonly (readonly [string, Parameters<typeof cut>, Readonly<Record<string, string>>, readonly string[]])[] = [
    ['tells nothing without one', [{}], {}, []],
    [
      'tells collections of services whole, without far sides of what is not granted',
      [{ collections: ['articles', 'authors'] }],
      { articles: 'id title author hidden', authors: 'id name articles' },
      ['articles.author'],
    ],
    [
      'tells tables by their columns, and the relations between them',
      [{ tables: [table('articles', 'id', 'title', 'author'), table('authors', 'id')] }],
      { articles: 'id title author', authors: 'id articles' },
      ['articles.author'],
    ],
    [
      'tells no relation by a column that is not granted',
      [{ tables: [table('articles', 'id', 'title'), table('authors', 'id', 'name')] }],
      { articles: 'id title', authors: 'id name' },
      [],
    ],
    ['tells no table whose key is not granted', [{ tables: [table('articles', 'title')] }], {}, []],
    ['tells only what grants of schema name', [{ collections: ['articles', 'authors'] }, ['authors']], { authors: 'id name' }, []],
    ['tells nothing that is not there', [{ collections: ['nowhere', 'toString'] }], {}, []],
    ['takes a collection named constructor for one more', [{ collections: ['constructor'] }], { constructor: 'id x' }, []],
  ];
  for (const [name, args, fields, relations] of rows)
    test(name, () => {
      const told = cut(...args);
      assert.deepEqual(fieldsOf(told), fields);
      assert.deepEqual(relationsOf(told), relations);
    });
  test('tells of a relation to several collections those that are granted', () => {
    const told = cut({ collections: ['comments', 'articles'] });
    assert.deepEqual(relationsOf(told), ['comments.article', 'comments.on']);
    assert.deepEqual(told.relations[1]?.meta, { one_field: null, one_allowed_collections: ['articles'] });
  });
  test('tells all else of a collection as it is, and changes nothing of the embedder’s', () => {
    assert.equal(cut({ collections: ['articles'] }).collections['articles']?.note, 'own');
    assert.deepEqual(own, before);
  });
  test('tells nothing of what is no overview', () => {
    for (const wrong of [null, undefined, 1, 'text', [], { collections: [], relations: {} }])
      assert.deepEqual(JSON.parse(JSON.stringify(cutOverview(wrong, { tables: [], collections: ['articles'] }, null))), {
        collections: {},
        relations: [],
      });
  });
});
