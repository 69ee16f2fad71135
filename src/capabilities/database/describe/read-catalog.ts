// Reads columns, primary keys and foreign keys of the granted tables from the catalog. Must never be asked for a table that is not granted.
import type { Client } from 'pg';

export interface ColumnFacts {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  /** As PostgreSQL writes it, with its modifiers. */
  readonly dbType: string;
  /** Name of the type in pg_type; a domain's base type. */
  readonly base: string;
  /** Of pg_type: b, e (enum), … */
  readonly kind: string;
  /** Of pg_type: A is an array. */
  readonly category: string;
  readonly nullable: boolean;
  readonly identity: boolean;
  readonly generated: boolean;
  readonly default: string | null;
  readonly typmod: number;
  readonly note: string | null;
  readonly tableNote: string | null;
}

export interface KeyFacts {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

export interface ForeignKeyFacts extends KeyFacts {
  readonly name: string;
  readonly foreignSchema: string;
  readonly foreignTable: string;
  readonly foreignColumn: string;
  readonly onUpdate: string;
  readonly onDelete: string;
}

export interface CatalogFacts {
  readonly columns: readonly ColumnFacts[];
  readonly primaryKeys: readonly KeyFacts[];
  readonly foreignKeys: readonly ForeignKeyFacts[];
}

const wished = `(select c.oid, n.nspname "schema", c.relname "table" from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) w(s, t)
  join pg_catalog.pg_namespace n on n.nspname = w.s join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.t and c.relkind in ('r', 'p', 'v', 'm', 'f'))`;

const columnSql = `select w."schema", w."table", a.attname::text "column", pg_catalog.format_type(a.atttypid, a.atttypmod) "dbType", b.typname::text base,
  b.typtype::text kind, b.typcategory::text category, not a.attnotnull nullable, a.attidentity <> '' "identity", a.attgenerated <> '' generated,
  pg_catalog.pg_get_expr(d.adbin, d.adrelid) "default", a.atttypmod typmod, pg_catalog.col_description(w.oid, a.attnum) note,
  pg_catalog.obj_description(w.oid, 'pg_class') "tableNote"
from ${wished} w join pg_catalog.pg_attribute a on a.attrelid = w.oid and a.attnum > 0 and not a.attisdropped
join pg_catalog.pg_type t on t.oid = a.atttypid join pg_catalog.pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
left join pg_catalog.pg_attrdef d on d.adrelid = w.oid and d.adnum = a.attnum
order by w."schema", w."table", a.attnum`;

/** Of one column only: neither a key nor a relation of several has a place in Directus's model. */
const keySql = `select w."schema", w."table", a.attname::text "column" from ${wished} w
join pg_catalog.pg_constraint k on k.conrelid = w.oid and k.contype = 'p' and pg_catalog.cardinality(k.conkey) = 1
join pg_catalog.pg_attribute a on a.attrelid = w.oid and a.attnum = k.conkey[1]`;

const foreignKeySql = `with w as ${wished}
select w."schema", w."table", a.attname::text "column", k.conname::text "name", f."schema" "foreignSchema", f."table" "foreignTable",
  b.attname::text "foreignColumn", k.confupdtype::text "onUpdate", k.confdeltype::text "onDelete"
from w join pg_catalog.pg_constraint k on k.conrelid = w.oid and k.contype = 'f' and k.conparentid = 0 and pg_catalog.cardinality(k.conkey) = 1
join w f on f.oid = k.confrelid
join pg_catalog.pg_attribute a on a.attrelid = w.oid and a.attnum = k.conkey[1]
join pg_catalog.pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[1]
order by w."schema", w."table", a.attnum, k.conname`;

export const readCatalog = async (
  client: Client,
  tables: readonly { readonly schema: string; readonly name: string }[],
): Promise<CatalogFacts> => {
  const values = [tables.map(({ schema }) => schema), tables.map(({ name }) => name)];
  return {
    columns: (await client.query<ColumnFacts>(columnSql, values)).rows,
    primaryKeys: (await client.query<KeyFacts>(keySql, values)).rows,
    foreignKeys: (await client.query<ForeignKeyFacts>(foreignKeySql, values)).rows,
  };
};
