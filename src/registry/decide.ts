// What a deploy, a promotion, a return, a rollback makes of the registry's state, or why it may not be. Pure; must never ask a clock or a store.
import { extensionIdKey } from '../config/extension-id.ts';
import { CloisterError } from '../errors.ts';
import { registryBounds } from './bounds.ts';
import { keepMounts, mountsOf, refuseTakenMounts } from './mounts.ts';
import type { Deployment, RegistryState, Release } from './state.ts';

/** Who changes it and when; `reason` stands in the deployment where it is given. */
export interface Change {
  readonly by: string;
  readonly at: string;
  readonly reason?: string;
}

export interface DeployChange extends Change {
  /** Over 0 and under 1: beside the version that serves. Left out: it takes everything at once. */
  readonly canaryShare?: number;
  /** Left out: as it was, everybody where it is new. */
  readonly tenants?: readonly string[] | null;
}

export interface CanaryChange extends Change {
  /** Only the canary with this digest: one that another host judged first is not judged twice. */
  readonly digest?: string;
}

export interface RollbackChange extends Change {
  /** Only while this is the version that would go: a rollback that is sent twice goes back once. */
  readonly digest?: string;
}

const short = (digest: string): string => digest.slice(0, 12);

const find = ({ deployments }: RegistryState, extension: string): Deployment => {
  const found = deployments.get(extension);
  if (found !== undefined) return found;
  throw new CloisterError('ERR_DEPLOYMENT_UNKNOWN', `extension ${extension}: is not deployed; \`cloister list\` says what is`, {
    extension,
  });
};

const replace = (state: RegistryState, deployment: Deployment): RegistryState => ({
  revision: state.revision + 1,
  deployments: new Map(state.deployments).set(deployment.extension, deployment),
});

/** As `replace`, of what may serve other mounts than before. */
const place = (state: RegistryState, deployment: Deployment, release?: Release): RegistryState => {
  const placed = keepMounts(deployment, release);
  refuseTakenMounts(state, placed);
  return replace(state, placed);
};

const changed = (was: Deployment, { by, at, reason }: Change, what: string, now: Partial<Deployment>): Deployment => ({
  ...was,
  ...now,
  changedAt: at,
  changedBy: by,
  reason: reason ?? what,
});

/** The version that served stands first among those to go back to. */
const succeed = ({ current, previous }: Deployment, digest: string): Pick<Deployment, 'current' | 'previous' | 'canary'> => ({
  current: digest,
  previous:
    digest === current
      ? previous
      : [current, ...previous.filter((one) => one !== digest && one !== current)].slice(0, registryBounds.previous.value),
  canary: null,
});

const refuseCanary = (extension: string, cause: string): CloisterError =>
  new CloisterError('ERR_CANARY_INVALID', `extension ${extension}: ${cause}`, { extension });

const sameTenants = (one: readonly string[] | null, other: readonly string[] | null): boolean =>
  JSON.stringify(one?.toSorted() ?? null) === JSON.stringify(other?.toSorted() ?? null);

const refuseTwin = ({ deployments }: RegistryState, extension: string): void => {
  for (const one of deployments.keys())
    if (one !== extension && extensionIdKey(one) === extensionIdKey(extension))
      throw new CloisterError(
        'ERR_EXTENSION_CONFLICT',
        `extension ${extension}: ${one} is deployed, which differs in upper and lower case alone`,
        {
          extension,
        },
      );
};

export const decideDeploy = (state: RegistryState, release: Release, change: DeployChange): RegistryState => {
  const { extension, digest, version } = release;
  const { canaryShare, tenants, by, at, reason } = change;
  refuseTwin(state, extension);
  const was = state.deployments.get(extension);
  if (canaryShare !== undefined) {
    if (!(canaryShare > 0 && canaryShare < 1)) throw refuseCanary(extension, 'the share of a canary is over 0 and under 1 (10% is 0.1)');
    if (was === undefined) throw refuseCanary(extension, 'nothing serves that a canary could stand beside; deploy it without a share');
    if (was.current === digest)
      throw refuseCanary(extension, `version ${version} (${short(digest)}) serves already; it is no canary of itself`);
    if (!was.enabled)
      throw refuseCanary(extension, `is disabled, so a canary would see no request; \`cloister enable ${extension}\` first`);
    if (tenants !== undefined && !sameTenants(tenants, was.tenants))
      throw refuseCanary(extension, 'a canary serves the tenants of the version beside it; change them with a deploy without a share');
    const what = `canary ${version} (${short(digest)}) takes ${String(Math.round(canaryShare * 1_000) / 10)}% of requests`;
    return place(state, changed(was, change, what, { canary: { digest, share: canaryShare, since: at } }), release);
  }
  const what = `deployed ${version} (${short(digest)})`;
  if (was === undefined) {
    const first = { extension, current: digest, previous: [], canary: null, enabled: true, tenants: tenants ?? null };
    return place(state, { ...first, changedAt: at, changedBy: by, reason: reason ?? what }, release);
  }
  const whom = tenants === undefined ? was.tenants : tenants;
  // The very same once more, from a script that was run twice.
  const tellsMore = release.mounts !== undefined && mountsOf(was, digest) === undefined;
  if (was.current === digest && was.canary === null && sameTenants(whom, was.tenants) && !tellsMore) return state;
  return place(state, changed(was, change, what, { ...succeed(was, digest), tenants: whom }), release);
};

const findCanary = (was: Deployment, digest: string | undefined): string => {
  const { extension, canary } = was;
  if (canary === null) throw new CloisterError('ERR_CANARY_MISSING', `extension ${extension}: has no canary`, { extension });
  if (digest === undefined || digest === canary.digest) return canary.digest;
  throw new CloisterError(
    'ERR_CANARY_MISSING',
    `extension ${extension}: its canary is ${short(canary.digest)} by now, not ${short(digest)}`,
    {
      extension,
    },
  );
};

/** The canary takes everything. */
export const decidePromote = (state: RegistryState, extension: string, change: CanaryChange): RegistryState => {
  const was = find(state, extension);
  const digest = findCanary(was, change.digest);
  return place(state, changed(was, change, `promoted the canary ${short(digest)}`, succeed(was, digest)));
};

/** The canary goes; what served beside it takes everything. */
export const decideReturn = (state: RegistryState, extension: string, change: CanaryChange): RegistryState => {
  const was = find(state, extension);
  const digest = findCanary(was, change.digest);
  return replace(state, changed(was, change, `took the canary ${short(digest)} back`, { canary: null }));
};

/** The version that a rollback takes away. */
export const leavingOf = ({ current, canary }: Pick<Deployment, 'current' | 'canary'>): string => canary?.digest ?? current;

/** To the version before; a canary is what came last, so it goes first. What was left is reached by deploying it again. */
export const decideRollback = (state: RegistryState, extension: string, change: RollbackChange): RegistryState => {
  const was = find(state, extension);
  const leaving = leavingOf(was);
  if (change.digest !== undefined && change.digest !== leaving)
    throw new CloisterError(
      'ERR_DEPLOYMENT_CHANGED',
      `extension ${extension}: a rollback would take ${short(leaving)} away by now, not ${short(change.digest)}; \`cloister status\` says what serves`,
      { extension },
    );
  if (was.canary !== null) return decideReturn(state, extension, change);
  const [target, ...previous] = was.previous;
  if (target === undefined)
    throw new CloisterError(
      'ERR_PREVIOUS_MISSING',
      `extension ${extension}: there is no earlier version to go back to; \`cloister disable ${extension}\` takes it away`,
      {
        extension,
      },
    );
  return place(state, changed(was, change, `rolled back from ${short(was.current)} to ${short(target)}`, { current: target, previous }));
};

export const decideEnable = (state: RegistryState, extension: string, change: Change): RegistryState => {
  const was = find(state, extension);
  return was.enabled ? state : place(state, changed(was, change, 'enabled', { enabled: true }));
};

/** A canary goes with it: without requests nobody could judge it. */
export const decideDisable = (state: RegistryState, extension: string, change: Change): RegistryState => {
  const was = find(state, extension);
  return was.enabled ? replace(state, changed(was, change, 'disabled', { enabled: false, canary: null })) : state;
};
