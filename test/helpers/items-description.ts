// A description of tables as the database capability gives it, for tests without a server. Must never be taken for one of a real database.
import type { Description } from '../../src/capabilities/services/built-in.ts';

type Column = readonly [name: string, type: string, dbType: string, may?: string];

const table = (collection: string, primary: string, columns: readonly Column[]): Description['tables'][number] => ({
  collection,
  schema: 'public',
  table: collection,
  note: null,
  primary,
  operations: ['read', 'create', 'update', 'delete'],
  columns: columns.map(([name, type, dbType, may = 'read create update']) => ({
    name,
    type,
    dbType,
    nullable: true,
    generated: false,
    default: null,
    note: null,
    precision: null,
    scale: null,
    may: may.split(' '),
  })),
});

const key = (collection: string, column: string, related: string, oneField: string | null): Description['foreignKeys'][number] => ({
  name: `${collection}_${column}_fkey`,
  collection,
  column,
  related,
  relatedColumn: 'id',
  onUpdate: 'a',
  onDelete: 'n',
  oneField,
});

export const itemsDescription: Description = {
  tables: [
    table('articles', 'id', [
      ['id', 'integer', 'integer'],
      ['title', 'string', 'character varying(40)'],
      ['views', 'integer', 'integer'],
      ['price', 'decimal', 'numeric(10,2)'],
      ['published', 'timestamp', 'timestamp with time zone'],
      ['written', 'dateTime', 'timestamp without time zone'],
      ['day', 'date', 'date'],
      ['at', 'time', 'time without time zone'],
      ['featured', 'boolean', 'boolean'],
      ['code', 'uuid', 'uuid'],
      ['meta', 'json', 'jsonb'],
      ['raw', 'binary', 'bytea'],
      ['area', 'unknown', 'polygon'],
      ['author', 'integer', 'integer'],
      ['drop', 'string', 'text', 'create'],
    ]),
    table('authors', 'id', [
      ['id', 'integer', 'integer'],
      ['name', 'string', 'text'],
      ['boss', 'integer', 'integer'],
    ]),
    table('a.b', 'id', [['id', 'integer', 'integer']]),
  ],
  foreignKeys: [key('articles', 'author', 'authors', 'articles'), key('authors', 'boss', 'authors', 'authors')],
};
