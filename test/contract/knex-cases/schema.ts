// Cases of the schema builder: what it compiles, and what it looks up. Each runs as text: must use nothing but its arguments.
import type { Knex } from 'knex';
import type { DifferentialCase } from '../../helpers/database-differential.ts';

type Run = (k: Knex) => unknown;
const list = (cases: readonly (readonly [string, Run])[]): readonly DifferentialCase[] => cases;

const typed = [
  'integer',
  'bigInteger',
  'tinyint',
  'smallint',
  'mediumint',
  'text',
  'string',
  'float',
  'double',
  'decimal',
  'boolean',
  'date',
  'datetime',
  'time',
  'timestamp',
  'binary',
  'json',
  'jsonb',
  'uuid',
  'increments',
  'bigIncrements',
  'point',
  'geometry',
  'geography',
] as const;

/** One text for each kind of column: the name of the method is part of it. */
const columnCases = typed.map((type): readonly [string, Run] => [
  `a column ${type}`,
  new Function('k', `return k.schema.createTable('t', (table) => { table.${type}('c'); }).toSQL().map((one) => one.sql)`) as Run,
]);

export const schemaCases = list([
  ['hasTable', (k) => k.schema.withSchema('public').hasTable('articles')],
  ['hasTable of none', (k) => k.schema.withSchema('public').hasTable('nothing')],
  ['hasTable in a schema', (k) => k.schema.withSchema('sales').hasTable('orders')],
  ['hasColumn', (k) => k.schema.hasColumn('articles', 'title')],
  ['hasColumn of none', (k) => k.schema.hasColumn('articles', 'nothing')],
  ['hasColumn in a transaction', (k) => k.transaction(async (trx) => trx.schema.hasColumn('authors', 'name'))],
  ...columnCases,
  [
    'a whole table',
    (k) =>
      k.schema
        .createTable('t', (table) => {
          table.increments();
          table.string('name', 40).notNullable().unique().index();
          table.integer('author').references('authors.id').onDelete('cascade');
          table.timestamps(true, true);
          table.enum('mood', ['a', 'b']).defaultTo('a');
          table.comment('hello');
          table.check('?? > 0', ['author']);
        })
        .toString(),
  ],
  [
    'createTableIfNotExists',
    (k) =>
      k.schema
        .createTableIfNotExists('t', (table) => {
          table.uuid('id').primary().defaultTo(k.fn.uuid());
        })
        .toString(),
  ],
  ['createTableLike', (k) => k.schema.createTableLike('t', 'authors').toString()],
  [
    'alterTable',
    (k) =>
      k.schema
        .alterTable('t', (table) => {
          table.string('a').alter();
          table.dropColumn('b');
          table.renameColumn('c', 'd');
          table.setNullable('e');
          table.dropNullable('f');
          table.dropUnique(['g']);
          table.index(['h', 'i'], 'hi');
          table.unique(['j'], { indexName: 'uj' });
        })
        .toString(),
  ],
  ['dropTable, dropTableIfExists, renameTable', (k) => k.schema.dropTable('a').dropTableIfExists('b').renameTable('c', 'd').toString()],
  [
    'views',
    (k) =>
      k.schema
        .createView('v', (view) => {
          view.columns(['a']);
          view.as(k('authors').select('id'));
        })
        .dropView('v')
        .toString(),
  ],
  [
    'in a schema',
    (k) =>
      k.schema
        .withSchema('s')
        .createTable('t', (table) => {
          table.increments('id');
        })
        .toString(),
  ],
  ['schema.raw', (k) => k.schema.raw('create index i on t (c)').toString()],
]);
