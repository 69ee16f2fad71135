// Roles of this database that look like an extension's and belong to none that is approved. Reads only; must never drop one: another application may have it.
import type { Client } from 'pg';
import type { RoleRequest } from '../role/read-plan.ts';
import type { DatabaseProblem } from './problem.ts';

const most = 20;

/** A role holds CONNECT on the database it was made for, and so depends on it. */
const sql = `select distinct r.rolname::text "name" from pg_catalog.pg_roles r join pg_catalog.pg_shdepend s on s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass and s.refobjid = r.oid
  join pg_catalog.pg_database d on d.datname = pg_catalog.current_database() and (s.dbid = d.oid or (s.dbid = 0 and s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass and s.objid = d.oid))
where r.rolname ~ '^cloister_[a-z0-9_]*_[0-9a-f]{16}$' and r.rolname <> all($1::text[]) order by 1 limit ${String(most)}`;

export const findStrangers = async (client: Client, requests: readonly RoleRequest[]): Promise<readonly DatabaseProblem[]> => {
  const { rows } = await client.query<{ readonly name: string }>(sql, [requests.map(({ identity }) => identity.name)]);
  return rows.map(({ name }) => ({
    severity: 'warning',
    extension: null,
    what: `the role ${name} holds privileges here and belongs to no extension that is approved`,
    remedy: `where no other application has it: DROP OWNED BY ${name}; DROP ROLE ${name}`,
  }));
};
