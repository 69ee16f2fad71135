// Logs in once as the role, so that a server that would not let it in says so when the extension is opened. Must never keep the connection.
import { CloisterError } from '../../../errors.ts';
import type { DatabaseResource } from '../resource.ts';
import type { RoleIdentity } from './identity.ts';

/** Of the session as it came to be, not of the role that was asked for: a pooler or a mapping in between may have made it another. */
const sql = `select session_user::text "session", current_user::text "current", r.rolsuper "superuser", r.rolbypassrls "bypassRls", r.rolcreaterole "createRole",
  r.rolreplication "replication", (select m.rolname::text from pg_catalog.pg_auth_members a join pg_catalog.pg_roles m on m.oid = a.roleid where a.member = r.oid limit 1) "memberOf",
  (select n.nspname || '.' || c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relowner = r.oid and pg_catalog.obj_description(n.oid, 'pg_namespace') is distinct from 'for ' || r.rolname and n.nspname !~ '^pg_' limit 1) "owns"
from pg_catalog.pg_roles r where r.rolname = session_user`;

interface SessionFacts {
  readonly session: string;
  readonly current: string;
  readonly superuser: boolean;
  readonly bypassRls: boolean;
  readonly createRole: boolean;
  readonly replication: boolean;
  readonly memberOf: string | null;
  readonly owns: string | null;
}

/** What would void the second wall, and how to mend it. */
const faultOf = (facts: SessionFacts | undefined, name: string): readonly [cause: string, remedy: string] | undefined => {
  if (facts === undefined) return ['the server does not say who its login is', 'check the pooler or proxy between host and server'];
  const { session, superuser, bypassRls, createRole, replication, memberOf, owns } = facts;
  if (session !== name || facts.current !== name)
    return [
      `a login as ${name} ends up as ${facts.current === session ? session : `${session}, acting as ${facts.current}`}`,
      'check the pooler or proxy between host and server, and pg_hba.conf and pg_ident.conf',
    ];
  if (superuser) return [`its role ${name} is a superuser, to whom no grant and no row rule applies`, `ALTER ROLE ${name} NOSUPERUSER`];
  if (bypassRls) return [`its role ${name} has BYPASSRLS, past all row rules`, `ALTER ROLE ${name} NOBYPASSRLS`];
  if (createRole) return [`its role ${name} may create roles, and so give itself others`, `ALTER ROLE ${name} NOCREATEROLE`];
  if (replication) return [`its role ${name} may replicate, and so read everything`, `ALTER ROLE ${name} NOREPLICATION`];
  if (memberOf !== null) return [`its role ${name} is a member of ${memberOf}`, `REVOKE ${memberOf} FROM ${name}`];
  if (owns !== null) return [`its role ${name} owns ${owns}, and to an owner no row rule applies`, `ALTER TABLE ${owns} OWNER TO …`];
  return undefined;
};

const unsafe = (extension: string, cause: string, remedy: string, error?: unknown): CloisterError =>
  new CloisterError(
    'ERR_DATABASE_UNSAFE',
    `extension ${extension}: ${cause}; ${remedy}`,
    { extension },
    error === undefined ? {} : { cause: error },
  );

/** Whether the role is there and has the password this host derives. */
export const canLogIn = async (identity: RoleIdentity, resource: DatabaseResource): Promise<boolean> => {
  const client = resource.makeRoleClient(identity, 'cloister');
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch {
    client.connection.stream.destroy();
    return false;
  }
  await client.end();
  return true;
};

export const checkLogin = async (extension: string, identity: RoleIdentity, resource: DatabaseResource): Promise<void> => {
  const client = resource.makeRoleClient(identity, 'cloister');
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    // A login broken off on this side leaves the server waiting for its next word.
    client.connection.stream.destroy();
    const remedy =
      identity.password === undefined
        ? 'give the option roleSecret, for this connection has no password to derive one from'
        : 'let pg_hba.conf admit it';
    throw unsafe(
      extension,
      `its role ${identity.name} cannot log in (${error instanceof Error ? error.message : 'unknown cause'})`,
      remedy,
      error,
    );
  }
  try {
    const { rows } = await client.query<SessionFacts>(sql);
    const fault = faultOf(rows[0], identity.name);
    if (fault !== undefined) throw unsafe(extension, ...fault);
  } finally {
    await client.end();
  }
};
