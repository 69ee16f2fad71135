// What the registry wants served on every host, and what became of it on this one. Must never hold a package: each is read when it is needed.
import type { CloisterError } from '../errors.ts';

/** An archive by its digest. */
export interface DesiredPackage {
  /** SHA-256 of the archive's bytes, in hex. */
  readonly digest: string;
  archive(): Promise<Uint8Array>;
}

export interface Desired {
  readonly extension: string;
  readonly current: DesiredPackage;
  /** Beside it, for its share of the requests: over 0 and under 1. */
  readonly canary: (DesiredPackage & { readonly share: number }) | null;
  readonly enabled: boolean;
  /** null: every tenant. */
  readonly tenants: readonly string[] | null;
}

export interface FailedVersion {
  readonly digest: string;
  readonly role: 'current' | 'canary';
  readonly error: CloisterError;
}

/** What is served of one extension after an `apply`, whether or not it is what was wanted. */
export interface Applied {
  readonly extension: string;
  /** Digest of the archive; null: nothing of it is served. */
  readonly current: string | null;
  readonly canary: string | null;
  /** What was wanted and cannot be served here. */
  readonly failed: readonly FailedVersion[];
}
