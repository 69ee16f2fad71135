// Compares the live database with what the grants need, logs in as each role, and counts connections. Must never change anything.
import type { Client } from 'pg';
import type { DatabaseResource } from '../resource.ts';
import { findClosed } from '../role/beside-rules.ts';
import { checkLogin } from '../role/check-login.ts';
import { readFindings } from '../role/findings.ts';
import type { RolePlan, RoleRequest } from '../role/read-plan.ts';
import { type ConnectionCount, readConnectionCount } from './connection-count.ts';
import { readHostLogin } from './host-login.ts';
import { readEachPlan } from './plan-roles.ts';
import { type DatabaseProblem, problemOf } from './problem.ts';
import { findStrangers } from './strangers.ts';

export interface CheckedRoles {
  readonly problems: readonly DatabaseProblem[];
  readonly connections: ConnectionCount;
}

const applyIt = 'let a DBA run what `cloister database plan` prints, or run `cloister database apply`';
const setPassword = 'let a DBA run what `cloister database plan --passwords` prints, or run `cloister database apply`';

const missingOf = ({ extension, identity }: RoleRequest, plan: RolePlan): readonly DatabaseProblem[] => {
  const role = identity.name;
  if (!plan.exists) return [{ severity: 'missing', extension, what: `there is no role ${role} yet`, remedy: applyIt }];
  const [first] = plan.statements;
  const more = plan.statements.length - 1;
  return [
    ...(first === undefined
      ? []
      : [
          {
            severity: 'missing',
            extension,
            what: `its role ${role} is not as its grant says: ${first.split('\n', 1)[0]?.slice(0, 200) ?? ''}${more > 0 ? ` (and ${String(more)} statements more)` : ''}`,
            remedy: applyIt,
          } as const,
        ]),
    ...(plan.passwordHolds
      ? []
      : [
          {
            severity: 'missing',
            extension,
            what: `its role ${role} does not have the password that this host derives`,
            remedy: setPassword,
          } as const,
        ]),
  ];
};

const findThin = async (
  client: Client,
  { extension, identity, grant }: RoleRequest,
  plan: RolePlan,
): Promise<readonly DatabaseProblem[]> => [
  ...findClosed(identity.name, plan.relations).map(
    ({ cause, remedy }) => ({ severity: 'warning', extension, what: cause, remedy }) as const,
  ),
  ...(await readFindings(client, identity.name, grant)).map(
    ({ what, remedy }) => ({ severity: 'warning', extension, what, remedy }) as const,
  ),
];

/** PUBLIC's privileges are the same for every role: said once. */
const withoutRepeats = (problems: readonly DatabaseProblem[]): readonly DatabaseProblem[] => [
  ...new Map(problems.map((one) => [one.severity === 'warning' ? one.what : JSON.stringify(one), one])).values(),
];

/** `ofStores`: connections of what stands on the host's own login beside the roles. */
export const checkRoles = async (
  client: Client,
  requests: readonly RoleRequest[],
  resource: DatabaseResource,
  ofStores: number,
): Promise<CheckedRoles> => {
  const problems: DatabaseProblem[] = [...(await readHostLogin(client, requests))];
  const refused = await readEachPlan(client, requests, true, async (request, plan) => {
    const missing = missingOf(request, plan);
    problems.push(...missing);
    if (plan.exists) problems.push(...(await findThin(client, request, plan)));
    // A role that cannot be right yet, or whose password is known to be wrong, is not tried.
    if (plan.exists && plan.passwordHolds) await checkLogin(request.extension, request.identity, resource);
  });
  problems.push(...refused.map(({ extension, error }) => problemOf(extension, error)));
  problems.push(...(await findStrangers(client, requests)));
  const connections = await readConnectionCount(client, requests.length, resource.maxConnections, ofStores);
  if (connections.hosts < 1)
    problems.push({
      severity: 'warning',
      extension: null,
      what: `this host may open ${String(connections.oneHost)} connections and the server takes ${String(connections.available)} in all`,
      remedy: 'raise max_connections, or serve fewer extensions with a database',
    });
  return { problems: withoutRepeats(problems), connections };
};
