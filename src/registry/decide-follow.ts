// Whether a host may follow a state after the one it serves. Pure; must never let a registry that is gone or went back take away what serves.
import { CloisterError } from '../errors.ts';
import type { RegistryState } from './state.ts';
import { sha256 } from './state-form.ts';

/** `gone`: refused since, so that the number alone says nothing. `wentBack`: another history began there, whatever number it comes to. */
export type Doubt = 'none' | 'gone' | 'wentBack';

/** What of a state is remembered once it is served. */
export interface Followed {
  readonly revision: number;
  /** SHA-256 of its deployments. */
  readonly digest: string;
  readonly doubt: Doubt;
}

export interface Strayed {
  readonly doubt: Doubt;
  readonly error: CloisterError;
}

export const followedOf = ({ revision, deployments }: RegistryState): Followed => ({
  revision,
  digest: sha256(Buffer.from(JSON.stringify([...deployments.values()]))),
  doubt: 'none',
});

const stray = (doubt: Doubt, revision: number, cause: string, remedy: string): Strayed => ({
  doubt,
  error: new CloisterError('ERR_REGISTRY_INVALID', `registry: ${cause}; what was served goes on; ${remedy}`, { revision }),
});

/** null: it is followed. A host that starts has served nothing, and takes what is there. */
export const decideFollow = (state: RegistryState, served: Followed | null): Strayed | null => {
  if (served === null || served.revision === 0) return null;
  const { revision } = state;
  const last = `revision ${String(served.revision)}`;
  if (revision === 0)
    return stray(served.doubt === 'none' ? 'gone' : served.doubt, revision, `is gone, and was there at ${last}`, 'put it back');
  const restart = 'put back what was there, or restart the hosts where it is meant, as after a backup was put back';
  if (revision < served.revision)
    return stray('wentBack', revision, `went back to revision ${String(revision)}, and this host serves ${last}`, restart);
  if (revision === served.revision)
    return followedOf(state).digest === served.digest
      ? null
      : stray('wentBack', revision, `has another ${last} than this host serves`, restart);
  if (served.doubt !== 'wentBack') return null;
  return stray('wentBack', revision, `went back behind ${last}, which this host serves, and on to revision ${String(revision)}`, restart);
};
