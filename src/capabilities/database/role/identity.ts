// The role an extension logs in as: its name and password, the same on every host that shares the secret. Must never hold the secret itself.
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

export interface RoleIdentity {
  readonly name: string;
  /** undefined: the role has none, and only a server that trusts the connection lets it in. */
  readonly password: string | undefined;
  /** What PostgreSQL stores of the password; the password itself never appears in SQL text or a server log. */
  readonly verifier: string | undefined;
}

const maxSlugLength = 32;
const scramIterations = 4_096;

const slugOf = (id: string): string =>
  id
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, maxSlugLength);

/** Roles belong to the whole server, so the database and the embedder's namespace are part of the name. */
const nameOf = (extension: string, database: string, namespace: string): string => {
  const hash = createHash('sha256')
    .update(JSON.stringify([namespace, database, extension]))
    .digest('hex')
    .slice(0, 16);
  return `cloister_${slugOf(extension)}_${hash}`;
};

/** SCRAM-SHA-256 as RFC 5803 writes it. The salt is derived too: the same password gives the same text, so a second run changes nothing. */
const verifierOf = (name: string, password: string): string => {
  const salt = createHash('sha256').update(`salt:${name}:${password}`).digest().subarray(0, 16);
  const salted = pbkdf2Sync(password, salt, scramIterations, 32, 'sha256');
  const keyOf = (label: string): Buffer => createHmac('sha256', salted).update(label).digest();
  const stored = createHash('sha256').update(keyOf('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${String(scramIterations)}:${salt.toString('base64')}$${stored}:${keyOf('Server Key').toString('base64')}`;
};

export const makeRoleIdentity = (extension: string, database: string, namespace: string, secret: string | undefined): RoleIdentity => {
  const name = nameOf(extension, database, namespace);
  if (secret === undefined) return { name, password: undefined, verifier: undefined };
  const password = createHmac('sha256', secret).update(name).digest('hex');
  return { name, password, verifier: verifierOf(name, password) };
};
