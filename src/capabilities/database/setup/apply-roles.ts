// Makes the roles of several extensions what their grants say, in one transaction: all of them or none. Must never run guest text.
import type { Client } from 'pg';
import { explainSetUp, inSetUp } from '../role/prepare-role.ts';
import { makeUnsafe, type RoleRequest, readPlan } from '../role/read-plan.ts';
import { withOthers } from './plan-roles.ts';

export interface AppliedRole {
  readonly extension: string;
  readonly role: string;
  /** Statements that were run; 0: it was as it should be. */
  readonly statements: number;
}

const firstLine = (statement: string): string => statement.split('\n', 1)[0]?.slice(0, 200) ?? '';

const applyOne = async (client: Client, request: RoleRequest): Promise<AppliedRole> => {
  const { extension, identity } = request;
  const { statements } = await readPlan(client, request, false);
  for (const statement of statements) await client.query(statement);
  return { extension, role: identity.name, statements: statements.length };
};

/** A GRANT by someone who may not give it is a warning to PostgreSQL, so look again. No login meets what is not committed yet. */
const verifyOne = async (client: Client, request: RoleRequest): Promise<void> => {
  const { admin, statements } = await readPlan(client, { ...request, logsIn: () => Promise.resolve(true) }, true);
  const [missing] = statements;
  if (missing === undefined) return;
  throw makeUnsafe(
    request.extension,
    `the database user ${admin.name} may not give its role what it needs, or take what it should not have (${firstLine(missing)})`,
    'apply it as the owner of that object, or as a superuser',
  );
};

export const applyRoles = (client: Client, requests: readonly RoleRequest[]): Promise<readonly AppliedRole[]> =>
  inSetUp(client, '', async () => {
    const applied: AppliedRole[] = [];
    for (const work of [applyOne, verifyOne] as const) {
      for (const request of withOthers(requests)) {
        try {
          const done = await work(client, request);
          if (done !== undefined) applied.push(done);
        } catch (error) {
          throw explainSetUp(request.extension, error);
        }
      }
    }
    return applied;
  });
