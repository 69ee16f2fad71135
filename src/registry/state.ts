// What the registry holds of releases and deployments, as every host reads it. Types alone; must never import a store.

/** One packed version of an extension. `digest` is SHA-256 of the archive's bytes, `artifact` of the script that runs. */
export interface Release {
  readonly extension: string;
  readonly version: string;
  readonly digest: string;
  readonly artifact: string;
  readonly bytes: number;
  readonly at: string;
  readonly by: string;
  /** SHA-256 of the public key; null: it is not signed. */
  readonly signedBy: string | null;
  /** Ids that its trial saw registered; left out: it was deployed before trials told. */
  readonly mounts?: readonly string[];
}

export interface Canary {
  readonly digest: string;
  /** Of requests, over 0 and under 1. */
  readonly share: number;
  readonly since: string;
}

export interface Deployment {
  readonly extension: string;
  /** Digest of the release that serves. */
  readonly current: string;
  /** Digests, newest first, capped: rollback goes there. */
  readonly previous: readonly string[];
  /** Digest → mounts, of the versions named here whose trial told. */
  readonly mounts?: Readonly<Record<string, readonly string[]>>;
  readonly canary: Canary | null;
  readonly enabled: boolean;
  /** null: every tenant. An empty list: nobody. */
  readonly tenants: readonly string[] | null;
  readonly changedAt: string;
  readonly changedBy: string;
  /** Why it last changed, in one line. */
  readonly reason: string;
}

export interface RegistryState {
  /** One more with each change; 0: nothing was ever deployed. */
  readonly revision: number;
  /** By extension id. */
  readonly deployments: ReadonlyMap<string, Deployment>;
}

/** What a host says of itself, for `status`. */
export interface HostReport {
  readonly host: string;
  readonly revision: number;
  readonly at: string;
  /** Extension → digest. */
  readonly serving: Readonly<Record<string, string>>;
  /** Extension → why. */
  readonly failed: Readonly<Record<string, string>>;
}

export interface RegistryStore {
  read(): Promise<RegistryState>;
  /** The bytes whose SHA-256 is the digest, or ERR_ARCHIVE_INVALID: what was changed in the store is never given. */
  archive(digest: string): Promise<Uint8Array>;
  put(release: Release, archive: Uint8Array): Promise<void>;
  /** The latest first. */
  releases(extension?: string): Promise<readonly Release[]>;
  /** Compare-and-set, tried again where another was first; `change` is pure and may throw a CloisterError to refuse. What it gives back unchanged (===) writes nothing. */
  update(change: (state: RegistryState) => RegistryState): Promise<RegistryState>;
  /** Told of each new revision, within a second; survives the store's loss and says so by onTrouble, and by onAnswer that it answers. */
  watch(hear: { onRevision(revision: number): void; onTrouble(error: unknown): void; onAnswer?(): void }): { close(): Promise<void> };
  report(report: HostReport): Promise<void>;
  /** Those that reported within the last minutes. */
  hosts(): Promise<readonly HostReport[]>;
  close(): Promise<void>;
}
