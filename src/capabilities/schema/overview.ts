// From a description of granted tables to the SchemaOverview that Directus code reads. Pure; must never tell of more than it was given.
import type { CollectionOverview, FieldOverview, RelationOverview, SchemaOverview } from './contract.ts';

/** What `database.describe` answers, as far as it is used. */
export interface Description {
  readonly tables: readonly {
    readonly collection: string;
    readonly schema: string;
    readonly table: string;
    readonly note: string | null;
    readonly primary: string | null;
    readonly columns: readonly {
      readonly name: string;
      readonly type: string;
      readonly dbType: string;
      readonly nullable: boolean;
      readonly generated: boolean;
      readonly default: string | number | boolean | null;
      readonly note: string | null;
      readonly precision: number | null;
      readonly scale: number | null;
      readonly may: readonly string[];
    }[];
  }[];
  readonly foreignKeys: readonly {
    readonly name: string;
    readonly collection: string;
    readonly column: string;
    readonly related: string;
    readonly relatedColumn: string;
    readonly onUpdate: string;
    readonly onDelete: string;
    /** The field on the related side, where there is room for one. */
    readonly oneField: string | null;
  }[];
}

const rules: Readonly<Record<string, string>> = { a: 'NO ACTION', r: 'RESTRICT', c: 'CASCADE', n: 'SET NULL', d: 'SET DEFAULT' };
const searchableTypes: ReadonlySet<string> = new Set(['text', 'string', 'integer', 'bigInteger', 'float', 'decimal', 'uuid']);
const specialByType: ReadonlyMap<string, readonly string[]> = new Map([
  ['json', ['cast-json']],
  ['boolean', ['cast-boolean']],
]);

const aliasField = (field: string): FieldOverview => ({
  field,
  defaultValue: null,
  nullable: true,
  generated: false,
  type: 'alias',
  dbType: null,
  precision: null,
  scale: null,
  special: ['o2m'],
  note: null,
  validation: null,
  alias: true,
  searchable: false,
});

/** A record that has no prototype, so that a table named constructor is one more table. */
const makeRecord = <Value>(entries: readonly (readonly [string, Value])[]): Readonly<Record<string, Value>> => {
  const record = Object.create(null) as Record<string, Value>;
  for (const [key, value] of entries) record[key] = value;
  return record;
};

const relationOf = (
  key: Description['foreignKeys'][number],
  id: number,
  tables: ReadonlyMap<string, { readonly schema: string; readonly table: string }>,
): RelationOverview => ({
  collection: key.collection,
  field: key.column,
  related_collection: key.related,
  schema: {
    table: tables.get(key.collection)?.table ?? key.collection,
    column: key.column,
    foreign_key_table: tables.get(key.related)?.table ?? key.related,
    foreign_key_column: key.relatedColumn,
    foreign_key_schema: tables.get(key.related)?.schema ?? null,
    constraint_name: key.name,
    on_update: rules[key.onUpdate] ?? null,
    on_delete: rules[key.onDelete] ?? null,
  },
  meta: {
    id,
    many_collection: key.collection,
    many_field: key.column,
    one_collection: key.related,
    one_field: key.oneField,
    one_collection_field: null,
    one_allowed_collections: null,
    one_deselect_action: key.onDelete === 'c' ? 'delete' : 'nullify',
    junction_field: null,
    sort_field: null,
  },
});

/** `only`: what all grants of schema name together; null where none names any. */
export const makeOverview = (description: Description, only: ReadonlySet<string> | null): SchemaOverview => {
  // Directus knows no collection without a primary key of one column.
  const tables = description.tables.filter(({ collection, primary }) => primary !== null && (only === null || only.has(collection)));
  const shown = new Map(tables.map((table) => [table.collection, table]));
  const keys = description.foreignKeys.filter(({ collection, related }) => shown.has(collection) && shown.has(related));
  const collections = tables.map(({ collection, primary, note, columns }): readonly [string, CollectionOverview] => {
    const fields = columns.map((column): readonly [string, FieldOverview] => [
      column.name,
      {
        field: column.name,
        defaultValue: column.default,
        nullable: column.nullable,
        generated: column.generated,
        type: column.type,
        dbType: column.dbType,
        precision: column.precision,
        scale: column.scale,
        special: specialByType.get(column.type) ?? [],
        note: column.note,
        validation: null,
        alias: false,
        searchable: searchableTypes.has(column.type) && column.may.includes('read'),
      },
    ]);
    const aliases = keys
      .filter(({ related }) => related === collection)
      .flatMap(({ oneField }) => (oneField === null ? [] : [[oneField, aliasField(oneField)] as const]));
    return [
      collection,
      {
        collection,
        primary: primary ?? '',
        singleton: false,
        sortField: null,
        note,
        accountability: 'all',
        fields: makeRecord([...fields, ...aliases]),
      },
    ];
  });
  return { collections: makeRecord(collections), relations: keys.map((key, index) => relationOf(key, index + 1, shown)) };
};
