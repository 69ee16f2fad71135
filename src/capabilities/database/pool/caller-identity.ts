// Tells the server on whose behalf a role's connection works, by a key that never leaves the host. Must never be reachable from guest text, nor share a transaction with it.
import { createHash, randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import type { Caller } from '../../../bridge/capability.ts';
import { callerSchema } from '../role/caller-schema.ts';
import type { RuleVariable } from '../rule.ts';

/** What the variables of row rules stand for. null: the caller has none, and nothing matches. */
export interface CallerValues {
  readonly tenant: string;
  readonly user: string | null;
  readonly role: string | null;
  readonly vars: Readonly<Record<string, string>>;
}

const noVars: CallerValues['vars'] = Object.freeze({});

const textOf = (value: unknown): string | null => (typeof value === 'string' || typeof value === 'number' ? String(value) : null);

type Who = Pick<Caller, 'tenant' | 'accountability' | 'tenantVars'>;

export const makeCallerValues = ({ tenant, accountability, tenantVars = noVars }: Who): CallerValues => ({
  tenant,
  user: textOf(accountability?.['user']),
  role: textOf(accountability?.['role']),
  vars: tenantVars,
});

const ofTenant = 'vars.';
export const valueOf = (values: CallerValues, variable: RuleVariable): string | null => {
  if (variable === 'tenant' || variable === 'user' || variable === 'role') return values[variable];
  const name = variable.slice(ofTenant.length);
  return Object.hasOwn(values.vars, name) ? (values.vars[name] ?? null) : null;
};

/** Everything with its schema, so that no search path leads elsewhere; never prepared under a name, which the guest's text could take. */
const enterSql = `select ${callerSchema}.enter($1::pg_catalog.text, $2::pg_catalog.text, $3::pg_catalog.text, $4::pg_catalog.text, $5::pg_catalog.text)`;

/** The server did not take it: nothing may run on this connection any more. */
export class CallerUnknownError extends Error {}

export class CallerIdentity {
  readonly #key = randomBytes(32).toString('hex');
  /** What the server has committed; undefined: nothing, or not known. */
  #entered: string | undefined;

  /** All the server keeps of the key. */
  get digest(): Buffer {
    return createHash('sha256').update(this.#key).digest();
  }

  isEntered(values: CallerValues): boolean {
    return this.#entered === JSON.stringify(values);
  }

  /**
   * A round trip and a transaction of its own, and only then the statement. Sent together with the statement it could be taken back by it:
   * what a DO block or a ROLLBACK undoes of an implicit transaction would bring back whoever was before.
   */
  async enter(client: Client, values: CallerValues): Promise<void> {
    this.#entered = undefined;
    if (client.getTransactionStatus() !== 'I') throw new CallerUnknownError('a connection changes hands only outside a transaction');
    try {
      await client.query({ text: enterSql, values: [this.#key, values.tenant, values.user, values.role, JSON.stringify(values.vars)] });
    } catch (error) {
      throw new CallerUnknownError('the server did not take on whose behalf the connection works', { cause: error });
    }
    this.#entered = JSON.stringify(values);
  }
}
