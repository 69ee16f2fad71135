// Tables, columns and foreign keys in the forms Directus's own services tell them. Pure; must never tell of more than the description it is given.
import type { DescribedKey, DescribedTable, Description } from '../built-in.ts';

const rules: Readonly<Record<string, string>> = { a: 'NO ACTION', r: 'RESTRICT', c: 'CASCADE', n: 'SET NULL', d: 'SET DEFAULT' };

/** Directus knows no collection without a primary key of one column. */
export const collectionsOf = ({ tables }: Description): readonly DescribedTable[] => tables.filter(({ primary }) => primary !== null);

const keysOf = (description: Description): readonly DescribedKey[] => {
  const known = new Set(collectionsOf(description).map(({ collection }) => collection));
  return description.foreignKeys.filter(({ collection, related }) => known.has(collection) && known.has(related));
};

/** `meta` is what Directus keeps in tables of its own: there are none here. */
export const showCollection = ({ collection, schema, table, note }: DescribedTable): object => ({
  collection,
  meta: null,
  schema: { name: table, schema, comment: note },
});

const maxLengthOf = (dbType: string): number | null => {
  const length = /^(?:character varying|character)\((\d+)\)$/.exec(dbType)?.[1];
  return length === undefined ? null : Number(length);
};

const showColumn = (table: DescribedTable, column: DescribedTable['columns'][number], description: Description): object => {
  const key = keysOf(description).find((one) => one.collection === table.collection && one.column === column.name);
  const related = description.tables.find(({ collection }) => collection === key?.related);
  return {
    name: column.name,
    table: table.table,
    schema: table.schema,
    data_type: column.dbType,
    default_value: column.default,
    max_length: maxLengthOf(column.dbType),
    numeric_precision: column.precision,
    numeric_scale: column.scale,
    is_generated: column.generated,
    is_nullable: column.nullable,
    is_primary_key: column.name === table.primary,
    has_auto_increment: column.default === 'AUTO_INCREMENT',
    foreign_key_schema: related?.schema ?? null,
    foreign_key_table: related?.table ?? null,
    foreign_key_column: key?.relatedColumn ?? null,
    comment: column.note,
  };
};

export interface ShownField {
  readonly collection: string;
  readonly field: string;
  readonly type: string;
  readonly schema: object | null;
  readonly meta: null;
}

/** Columns, and the far sides of foreign keys as aliases. */
export const fieldsOf = (table: DescribedTable, description: Description): readonly ShownField[] => {
  const { collection } = table;
  const columns = table.columns.map(
    (column): ShownField => ({
      collection,
      field: column.name,
      type: column.type,
      schema: showColumn(table, column, description),
      meta: null,
    }),
  );
  const aliases = keysOf(description)
    .filter(({ related }) => related === collection)
    .flatMap(({ oneField }): readonly ShownField[] =>
      oneField === null ? [] : [{ collection, field: oneField, type: 'alias', schema: null, meta: null }],
    );
  return [...columns, ...aliases];
};

export interface ShownRelation {
  readonly collection: string;
  readonly field: string;
  readonly related_collection: string;
  readonly schema: object;
  readonly meta: object;
}

export const relationsOf = (description: Description): readonly ShownRelation[] => {
  const tables = new Map(description.tables.map((table) => [table.collection, table]));
  return keysOf(description).map(({ collection, column, related, relatedColumn, name, onUpdate, onDelete, oneField }, index) => ({
    collection,
    field: column,
    related_collection: related,
    schema: {
      table: tables.get(collection)?.table ?? collection,
      column,
      foreign_key_schema: tables.get(related)?.schema ?? null,
      foreign_key_table: tables.get(related)?.table ?? related,
      foreign_key_column: relatedColumn,
      constraint_name: name,
      on_update: rules[onUpdate] ?? null,
      on_delete: rules[onDelete] ?? null,
    },
    meta: {
      id: index + 1,
      many_collection: collection,
      many_field: column,
      one_collection: related,
      one_field: oneField,
      one_collection_field: null,
      one_allowed_collections: null,
      one_deselect_action: onDelete === 'c' ? 'delete' : 'nullify',
      junction_field: null,
      sort_field: null,
    },
  }));
};
