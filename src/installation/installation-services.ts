// What an installation works with and whom it tells. Must never hold a value.
import type { Lock } from '../approvals/lock.ts';
import type { ApprovalStore } from '../approvals/store.ts';
import type { CapabilityEntry, HostResources } from '../capabilities/registry.ts';
import type { RuntimeOptions } from '../config/runtime-options.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { Extension } from '../dispatch/extension.ts';
import type { LifeEvent } from '../ledger/entry.ts';

import type { CanaryWatch } from './canary/canary-watch.ts';
import type { ReturnedCanary } from './desired.ts';

export interface InstallationServices {
  /** Approvals of the lock are among the options' by now. */
  readonly options: RuntimeOptions;
  readonly lock: { readonly entries: Lock; readonly store: ApprovalStore } | null;
  /** The same as they are now: what was approved since the start may be deployed. */
  readApprovals(): Promise<Pick<InstallationServices, 'options' | 'lock'>>;
  /** Scripts carry their source maps, for a debugger. */
  readonly inlineMaps: boolean;
  readonly registry: readonly CapabilityEntry[];
  readonly baseline: ReadonlyMap<string, unknown>;
  readonly resources: Omit<HostResources, 'limits'>;
  readonly dispatcher: Dispatcher;
  readonly watch: Pick<CanaryWatch, 'watch' | 'forget'>;
  /** It is served from now on: it hears events, and its schedules run. */
  onInstalled(extension: Extension): void;
  onDiscarded(extension: Extension): void;
  /** Other tenants have what is served. */
  onTenants(): void;
  /** A canary was worse than what stands beside it, and is gone from this host. */
  onReturned(canary: ReturnedCanary): void;
  /** Digest of what the registry wants served of it now; undefined: there is none that says. Rejects where it cannot be read. */
  wantedDigest(extension: string): Promise<string | null | undefined>;
  /** A name stands for the version that serves. */
  onLife(event: LifeEvent, extension: string | Extension, subject: string, reason: string): void;
}
