// What a runtime is to whoever made it. Types alone; must never hold a value.
import type { Inspection } from './dispatch/inspection.ts';
import type { EmbedderEvents } from './events/embedder-events.ts';
import type { NextRun } from './events/schedules.ts';
import type { Handler } from './http/handler.ts';
import type { Desired } from './installation/desired.ts';
import type { InstalledExtension, RefusedExtension } from './installation.ts';
import type { LedgerEntry } from './ledger/entry.ts';
import type { ServedHere } from './registry/follower.ts';
import type { Registry, TriedRelease } from './registry/registry.ts';
import type { Health } from './vitals.ts';
import type { MeasureReport } from './wards/hardening/measures.ts';

/** What only `cloister dev` and `deploy` ask for: not part of the API. */
export interface Development {
  /** Wards are started so that a debugger can look into every cell. */
  onInspection?(inspection: Inspection): void;
  /** It is there to try a package: schedules do not run. */
  readonly isTrial?: boolean;
  /** Of a registry that it does not follow. */
  wantedDigest?(extension: string): Promise<string | null>;
}

export interface Runtime {
  /** A request listener for Express 4 and 5 and for node:http. */
  handler(): Handler;
  /** What is served, and what was refused and why. */
  extensions(): readonly InstalledExtension[];
  refused(): readonly RefusedExtension[];
  /** Looks at the packages again. What changed is taken into service beside its old version, whose requests finish; where it cannot be, `refused()` says why and the old version goes on. */
  reload(): Promise<void>;
  /** Makes what is served of deployed extensions what is wanted, beside what the option `extensions` says, which is left alone. What cannot be served leaves what was served as it was. */
  apply(desired: readonly Desired[]): Promise<readonly ServedHere[]>;
  /** Brings an archive up beside what serves, as a deployment would, and takes it down again. Rejects with why it cannot be served. */
  tryOut(archive: Uint8Array, asCanary: boolean): Promise<TriedRelease>;
  /** Deploying, over the registry that this host follows; null without the option `registry`. docs/deployment.md. */
  readonly registry: Registry | null;
  /** The source map of the script that an extension runs, as JSON; null where there is none. */
  sourceMap(id: string): string | null;
  /** The latest entries of the ledger, oldest first. */
  ledger(): readonly LedgerEntry[];
  /** Events of your own code, for hooks of extensions; docs/embedding.md. */
  readonly events: EmbedderEvents;
  /** When each schedule of a hook runs next. */
  schedules(): readonly NextRun[];
  health(): Health;
  /** The next request of the tenant asks `resolveTenant` anew; without a name, that of each. The next due time of a schedule asks `tenants` anew. */
  forgetTenant(tenant?: string): void;
  /** What was counted since the start, in Prometheus's text format. Rejects with ERR_OPTIONS_INVALID where the option `metrics` is off. */
  metrics(): Promise<string>;
  /** `/_cloister/ready` says no from now on; after `delayMs` (0) no more requests are taken, those in flight may finish within `drainMs` (5,000), and every ward ends. */
  close(options?: { readonly drainMs?: number; readonly delayMs?: number }): Promise<void>;
  /** What holds its wards back, and what does not and why; docs/hardening.md. */
  hardening(): readonly MeasureReport[];
}
