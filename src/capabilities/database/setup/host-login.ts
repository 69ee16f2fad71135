// Whom the host itself connects as, and what whoever got hold of that connection would have. Reads only; extensions' statements never run on it.
import type { Client } from 'pg';
import type { RoleRequest } from '../role/read-plan.ts';
import type { DatabaseProblem } from './problem.ts';

const sql = `select r.rolname::text "name", r.rolsuper "superuser", r.rolbypassrls "bypassRls" from pg_catalog.pg_roles r where r.rolname = session_user`;

const belongsSql = `select m.rolname::text "role" from pg_catalog.pg_auth_members a join pg_catalog.pg_roles m on m.oid = a.roleid join pg_catalog.pg_roles r on r.oid = a.member
where r.rolname = session_user and m.rolname = any($1::text[]) and a.inherit_option`;

export const readHostLogin = async (client: Client, requests: readonly RoleRequest[]): Promise<readonly DatabaseProblem[]> => {
  const [login] = (await client.query<{ readonly name: string; readonly superuser: boolean; readonly bypassRls: boolean }>(sql)).rows;
  if (login === undefined) return [];
  const { name, superuser, bypassRls } = login;
  if (superuser || bypassRls)
    return [
      {
        severity: 'warning',
        extension: null,
        what: `the host connects as ${name}, which ${superuser ? 'is a superuser' : 'has BYPASSRLS'}: no statement of an extension runs on that connection, but whoever takes over the host has ${superuser ? 'the whole server' : 'all rows'}`,
        remedy: `connect as a role that is neither, and let a DBA apply the plan; or ALTER ROLE ${name} ${superuser ? 'NOSUPERUSER' : 'NOBYPASSRLS'}`,
      },
    ];
  const { rows } = await client.query<{ readonly role: string }>(belongsSql, [requests.map(({ identity }) => identity.name)]);
  return rows.map(({ role }) => ({
    severity: 'warning',
    extension: null,
    what: `the host's own ${name} inherits what ${role} may do`,
    remedy: `GRANT ${role} TO ${name} WITH INHERIT FALSE`,
  }));
};

export const readConnectionName = async (client: Client): Promise<string> =>
  (await client.query<{ readonly name: string }>('select session_user::text "name"')).rows[0]?.name ?? '';
