// Logs in once as the role, so that a server that would not let it in says so when the extension is opened. Must never keep the connection.
import { CloisterError } from '../../../errors.ts';
import type { DatabaseResource } from '../resource.ts';
import type { RoleIdentity } from './identity.ts';

const sql = `select current_user = $1 and session_user = $1 and not r.rolsuper and not r.rolbypassrls and not r.rolcreaterole "safe"
from pg_catalog.pg_roles r where r.rolname = session_user`;

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
    const { rows } = await client.query<{ readonly safe: boolean }>(sql, [identity.name]);
    if (rows[0]?.safe !== true)
      throw unsafe(
        extension,
        `a login as ${identity.name} ends up as someone else or with more power`,
        'check the pooler or proxy between host and server',
      );
  } finally {
    await client.end();
  }
};
