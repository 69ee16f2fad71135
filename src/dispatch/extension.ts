// An extension as dispatch, bridge and runtime share it: what was read, what was decided. Must never change after it is loaded.
import type { Granted } from '../bridge/bridge.ts';
import type { Limits } from '../limits/table.ts';
import type { Profile } from '../wards/profile.ts';

export interface Extension {
  readonly id: string;
  /** What a register function that it exports alone is for. */
  readonly kind: 'endpoint' | 'hook';
  readonly version: string;
  /** SHA-256 of the script that runs. */
  readonly artifact: string;
  readonly script: Uint8Array;
  readonly profile: Profile;
  readonly limits: Limits;
  readonly isolation: 'shared' | 'request';
  /** The functions of `directus:api` that an extension of that form may call; null: it is of another. */
  readonly directusApi: readonly string[] | null;
  readonly capabilities: ReadonlyMap<string, Granted>;
  /** What the embedder says of the one tenant that this is for. */
  readonly tenantVars?: Readonly<Record<string, string>>;
}
