// What the roles of several extensions lack, read in one transaction that changes nothing. Must never run what it plans, nor put a password into it.
import type { Client } from 'pg';
import type { CloisterError } from '../../../errors.ts';
import { tableKey } from '../names.ts';
import { planPassword } from '../role/plan.ts';
import type { RolePlan, RoleRequest } from '../role/read-plan.ts';
import { readPlan } from '../role/read-plan.ts';
import { ruledTables } from '../role/row-policies.ts';
import { isRefusal } from './problem.ts';

/** What one extension's role lacks. */
export interface PlannedRole {
  readonly extension: string;
  readonly role: string;
  readonly exists: boolean;
  /** In this order, in one transaction, after those of the extensions before it. */
  readonly statements: readonly string[];
  /** The server has the password that hosts derive, as far as this connection can know. */
  readonly passwordHolds: boolean;
  /** Only where it was asked for and does not hold: sets what the server stores of it. Nobody can log in with that, but a guess at the secret could be tried with it. */
  readonly passwordStatement?: string;
}

export interface RefusedRole {
  readonly extension: string;
  readonly error: CloisterError;
}

/** Each with the tables on which the others have row rules. */
export const withOthers = (requests: readonly RoleRequest[]): readonly RoleRequest[] => {
  const ruled = requests.map(({ grant }) => ruledTables(grant).map(({ schema, name }) => tableKey(schema, name)));
  return requests.map((request, index) => ({ ...request, ruledByOthers: new Set(ruled.filter((_, other) => other !== index).flat()) }));
};

/** `lenient`: what PUBLIC has on schemas and the database is as good as the role's own. */
export const readEachPlan = async (
  client: Client,
  requests: readonly RoleRequest[],
  lenient: boolean,
  use: (request: RoleRequest, plan: RolePlan) => Promise<void>,
): Promise<readonly RefusedRole[]> => {
  const refused: RefusedRole[] = [];
  for (const request of withOthers(requests)) {
    await client.query('begin read only');
    try {
      await use(request, await readPlan(client, { ...request, setsPassword: false }, lenient));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused.push({ extension: request.extension, error });
    } finally {
      await client.query('rollback');
    }
  }
  return refused;
};

export interface PlannedRoles {
  readonly roles: readonly PlannedRole[];
  readonly refused: readonly RefusedRole[];
}

export const planRoles = async (client: Client, requests: readonly RoleRequest[], passwords: boolean): Promise<PlannedRoles> => {
  const roles: PlannedRole[] = [];
  /** What several need, such as the schema of callers, is said once. */
  const said = new Set<string>();
  const refused = await readEachPlan(client, requests, false, async ({ extension, identity }, plan) => {
    const statements = plan.statements.filter((statement) => !said.has(statement));
    for (const statement of statements) said.add(statement);
    const passwordHolds = plan.passwordHolds || identity.verifier === undefined;
    roles.push({
      extension,
      role: identity.name,
      exists: plan.exists,
      statements,
      passwordHolds,
      ...(passwordHolds || !passwords ? {} : { passwordStatement: planPassword(identity) }),
    });
  });
  return { roles, refused };
};
