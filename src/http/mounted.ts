// What stands at a mount. Must never change: another takes its place.
import type { Extension } from '../dispatch/extension.ts';
import type { Gate } from './gate.ts';

/** A version that answers. */
export interface Mount extends Gate {
  readonly extension: Extension;
}

export interface Mounted {
  readonly current: Mount;
  /** A version on trial that takes its share of the requests. */
  readonly canary: { readonly mount: Mount; readonly share: number } | null;
  /** Those that the operator lets have it; null: all. */
  readonly tenants: ReadonlySet<string> | null;
}
