// The columns of the tables a grant names, as the server has them when an extension is opened. Must never hold a row, nor what was not granted.
import { CloisterError } from '../../../errors.ts';
import type { ResolvedGrant } from '../grant.ts';
import { tableKey, tableLabel } from '../names.ts';
import { ruleColumns } from '../rule.ts';

export interface CatalogColumn {
  readonly name: string;
  /** Its type is PostgreSQL's own or an enum: comparing its values never fails. */
  readonly plain: boolean;
}

/** By {@link tableKey}, in the order of the table. */
export type Catalog = ReadonlyMap<string, readonly CatalogColumn[]>;

/** What of the driver is used here. */
interface Reader {
  query(sql: string, values: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

const columnSql = `select n.nspname "schema", c.relname "table", a.attname "name",
  (coalesce(e.typnamespace, t.typnamespace) = 'pg_catalog'::pg_catalog.regnamespace or coalesce(e.typtype, t.typtype) = 'e') "plain"
from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) w("schema", "name")
join pg_catalog.pg_namespace n on n.nspname = w."schema"
join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w."name"
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_catalog.pg_type t on t.oid = a.atttypid
left join pg_catalog.pg_type e on e.oid = t.typelem and t.typcategory = 'A'
order by 1, 2, a.attnum`;

interface ColumnRow extends CatalogColumn {
  readonly schema: string;
  readonly table: string;
}

export const readCatalog = async (client: Reader, grant: ResolvedGrant): Promise<Catalog> => {
  const tables = [...grant.tables.values()];
  const { rows } = await client.query(columnSql, [tables.map((table) => table.schema), tables.map((table) => table.name)]);
  const catalog = new Map<string, CatalogColumn[]>();
  for (const { schema, table, name, plain } of rows as readonly ColumnRow[]) {
    const key = tableKey(schema, table);
    catalog.set(key, [...(catalog.get(key) ?? []), { name, plain }]);
  }
  return catalog;
};

/** A column that a grant names and no table has: a spelling mistake, which must not wait for someone to add such a column. */
export const checkColumns = (extension: string, grant: ResolvedGrant, catalog: Catalog): void => {
  for (const [key, { schema, name, operations }] of grant.tables) {
    const found = catalog.get(key);
    // That there is such a table is for the role to say.
    if (found === undefined) continue;
    const present = new Set(found.map((column) => column.name));
    for (const [operation, { columns, rows, defaults }] of operations) {
      const named = [...(columns === 'all' ? [] : columns), ...ruleColumns(rows), ...defaults.keys()];
      const missing = named.find((column) => !present.has(column));
      if (missing === undefined) continue;
      throw new CloisterError(
        'ERR_DATABASE_UNSAFE',
        `extension ${extension}: the grant names the column ${tableLabel(schema, name)}.${missing} (${operation}), which does not exist; create it or take it out of the grant`,
        { extension },
      );
    }
  }
};

/** Without a server: the columns that the grant itself names. Where it grants all, any other may be there too. */
export const catalogOf = (grant: ResolvedGrant): Catalog =>
  new Map(
    [...grant.tables].map(([key, { operations }]) => {
      const named = [...operations.values()].flatMap(({ columns, rows, defaults }) => [
        ...(columns === 'all' ? [] : columns),
        ...ruleColumns(rows),
        ...defaults.keys(),
      ]);
      return [key, [...new Set(named)].map((name) => ({ name, plain: true }))];
    }),
  );
