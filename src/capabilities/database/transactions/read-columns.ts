// What columns a table has, for hasTable, hasColumn and columnInfo: admission refuses the catalog to guests. Must never be asked for a table that is not granted.
import type { RoleConnection } from '../pool/role-connection.ts';

const maxColumns = 1_600;
const maxBytes = 1_048_576;

/** The view shows a role only columns it has a privilege on. */
const columnsSql = `select column_name, data_type, character_maximum_length, is_nullable, column_default
  from information_schema.columns where table_schema = $1 and table_name = $2 order by ordinal_position`;

export const readColumns = async (
  connection: RoleConnection,
  schema: string,
  table: string,
): Promise<readonly (readonly (string | null)[])[]> =>
  (await connection.run({ text: columnsSql, values: [schema, table], maxRows: maxColumns, atomic: false }, maxBytes, columnsSql)).rows;
