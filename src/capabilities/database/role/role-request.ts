// What role an extension's grants ask for. Must never touch the database, but to try the role's own login.
import { CloisterError } from '../../../errors.ts';
import { makeNeverFunctions } from '../admission/safe-functions.ts';
import { databaseBounds } from '../bounds.ts';
import type { DatabaseGrant } from '../contract.ts';
import { intersectGrants, keepNarrowing, type ResolvedGrant } from '../grant.ts';
import type { DatabaseResource } from '../resource.ts';
import { canLogIn } from './check-login.ts';
import { makeRoleIdentity } from './identity.ts';
import type { RoleRequest } from './read-plan.ts';

const refuseNever = (extension: string, grant: ResolvedGrant): void => {
  const never = makeNeverFunctions();
  for (const label of grant.functions) {
    const name = label.slice(label.indexOf('.') + 1);
    if (!never.has(name)) continue;
    throw new CloisterError(
      'ERR_DATABASE_UNSAFE',
      `extension ${extension}: the grant names the function ${label}, which runs SQL given as text or changes the session; take it out of the grant`,
      { extension },
    );
  }
};

/** `waived`: see grant.ts, keepNarrowing. The same for a host that opens the extension and for the commands that plan, apply and check. */
export const makeRoleRequest = (
  extension: string,
  grants: readonly DatabaseGrant[],
  resource: DatabaseResource,
  waived: readonly DatabaseGrant[] = [],
): RoleRequest => {
  const enforced = intersectGrants(grants);
  const grant = waived.length === 0 ? enforced : keepNarrowing(enforced, intersectGrants(waived));
  refuseNever(extension, grant);
  const identity = makeRoleIdentity(extension, resource.database, resource.namespace, resource.roleSecret);
  return {
    extension,
    identity,
    grant,
    connectionLimit: resource.maxConnections * databaseBounds.hosts.value,
    logsIn: () => canLogIn(identity, resource),
  };
};
