// Puts a tenant's schema in place of the one statements name, and a definition into the block that bounds it and closes a new table to all other tenants. Must never take a name unquoted.
import { escapeIdentifier, escapeLiteral } from 'pg';
import { databaseBounds } from '../bounds.ts';
import { callerSchema } from '../role/caller-schema.ts';
import type { StatementKind } from './analysis.ts';
import { type Draft, name } from './build.ts';
import { isNode, listOf, namesOf } from './tree.ts';

/** Of relations and of columns that are written out in full, and of the names that DROP has. What was judged names no schema elsewhere. */
export const moveSchema = (value: unknown, from: string, to: string): void => {
  if (from === to) return;
  if (Array.isArray(value)) {
    for (const item of value) moveSchema(item, from, to);
    return;
  }
  if (!isNode(value)) return;
  const draft = value as Draft;
  if (draft['relname'] !== undefined && draft['schemaname'] === from) draft['schemaname'] = to;
  for (const [key, inner] of Object.entries(draft)) {
    if (key === 'ColumnRef') moveFirst(inner, 'fields', 3, from, to);
    else if (key === 'DropStmt')
      for (const item of listOf((inner as Draft)['objects'])) moveFirst((item as Draft)['List'], 'items', 2, from, to);
    moveSchema(inner, from, to);
  }
};

const moveFirst = (value: unknown, key: string, length: number, from: string, to: string): void => {
  const draft = value as Draft;
  const list = listOf(draft[key]);
  if (list.length === length && namesOf(list.slice(0, 1))[0] === from) draft[key] = [name(to), ...list.slice(1)];
};

/** What the row policy of an own table is called. */
export const ownPolicy = 'cloister_own';

export interface Defined {
  readonly tenant: string;
  readonly role: string;
  readonly schema: string;
  readonly table: string;
}

/** One statement, and so one transaction, by itself or in the guest's: a table that is there is closed. */
export const defineSql = (kind: StatementKind, text: string, { tenant, role, schema, table }: Defined): string => {
  if (kind === 'drop table' || kind === 'drop index') return text;
  const relation = `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`;
  const holds = `((SELECT ${callerSchema}.tenant()) = ${escapeLiteral(tenant)})`;
  const statements = [
    `ALTER TABLE ${relation} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`,
    `CREATE POLICY ${ownPolicy} ON ${relation} AS PERMISSIVE FOR ALL TO ${escapeIdentifier(role)} USING ${holds} WITH CHECK ${holds}`,
  ];
  const close = `IF NOT EXISTS (SELECT FROM pg_catalog.pg_policy WHERE polrelid = ${escapeLiteral(relation)}::pg_catalog.regclass AND polname = '${ownPolicy}') THEN
${statements.map((one) => `EXECUTE ${escapeLiteral(one)};`).join('\n')}
END IF;`;
  const count = (kinds: string): string =>
    `(SELECT count(*) FROM pg_catalog.pg_class WHERE relnamespace = ${escapeLiteral(escapeIdentifier(schema))}::pg_catalog.regnamespace AND relkind IN (${kinds}))`;
  const body = `BEGIN
EXECUTE ${escapeLiteral(text)};
IF ${count("'r'")} > ${String(databaseBounds.ownTables.value)} OR ${count("'r', 'i', 'S'")} > ${String(databaseBounds.ownRelations.value)} THEN
RAISE EXCEPTION 'too many tables, indexes and sequences' USING ERRCODE = '54000';
END IF;
${kind === 'create table' ? close : ''}
END`;
  return `DO LANGUAGE plpgsql ${escapeLiteral(body)}`;
};
