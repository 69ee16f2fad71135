// What an answer says of a change that was made: the state it is part of, and what this host made of it. Must never fail for what came after: who hears of a failure makes the change once more.
import { CloisterError } from '../errors.ts';
import type { ServedHere } from './follower.ts';
import type { Deployment, RegistryState } from './state.ts';

export interface AppliedHere {
  readonly current: string | null;
  readonly canary: string | null;
  readonly failed: readonly {
    readonly digest: string;
    readonly role: 'current' | 'canary';
    readonly code: string;
    readonly message: string;
  }[];
}

/** The JSON of the operator's API. */
export interface Changed {
  readonly revision: number;
  readonly deployment: Deployment;
  /** On this host; null: there is none, the hosts follow, or `notApplied` says why. */
  readonly applied: AppliedHere | null;
  /** The change is made, but this host could not look at it yet; it goes on trying. */
  readonly notApplied: { readonly code: string; readonly message: string } | null;
}

/** Without `catchUp` no host is here. */
export const sayChanged = async (
  extension: string,
  { revision, deployments }: RegistryState,
  catchUp: (() => Promise<readonly ServedHere[]>) | null,
): Promise<Changed> => {
  const deployment = deployments.get(extension);
  if (deployment === undefined) throw new CloisterError('ERR_DEPLOYMENT_UNKNOWN', `extension ${extension}: is not deployed`);
  if (catchUp === null) return { revision, deployment, applied: null, notApplied: null };
  let all: readonly ServedHere[];
  try {
    all = await catchUp();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      revision,
      deployment,
      applied: null,
      notApplied: { code: error instanceof CloisterError ? error.code : 'ERR_INTERNAL', message },
    };
  }
  const one = all.find((served) => served.extension === extension);
  const failed = (one?.failed ?? []).map(({ digest, role, error }) => ({ digest, role, code: error.code, message: error.message }));
  return { revision, deployment, applied: { current: one?.current ?? null, canary: one?.canary ?? null, failed }, notApplied: null };
};
