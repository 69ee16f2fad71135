// Deploying and its opposites as a library; the commands are a thin cover over it. Must never tell a host of a release that was not tried.
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { CapabilityContract } from '../bridge/capability.ts';
import { CloisterError } from '../errors.ts';
import type { PackageLimits } from '../limits/package-table.ts';
import { readArchiveContents } from '../packages/archive-contents.ts';
import { isArchiveName } from '../packages/archive-folder.ts';
import { wrapArchive } from '../packages/archive-form.ts';
import { openBundler } from '../packages/bundler.ts';
import { readRegularFile } from '../packages/package-folder.ts';
import { type Changed, sayChanged } from './applied.ts';
import {
  type Change,
  decideDeploy,
  decideDisable,
  decideEnable,
  decidePromote,
  decideReturn,
  decideRollback,
  leavingOf,
} from './decide.ts';
import type { ServedHere } from './follower.ts';
import type { Deployment, HostReport, RegistryState, RegistryStore, Release } from './state.ts';
import { sha256 } from './state-form.ts';

export interface ChangeTerms {
  /** Who does it; `library` where absent. */
  readonly by?: string;
  /** Why, in one line. */
  readonly reason?: string;
}

export interface DeployTerms extends ChangeTerms {
  /** Of requests, over 0 and under 1: beside the version that serves. */
  readonly canaryShare?: number;
  /** null: every tenant. Left out: as it was. */
  readonly tenants?: readonly string[] | null;
}

export interface CanaryTerms extends ChangeTerms {
  /** Only the canary with this digest; for a rollback, only while this version is the one that goes. */
  readonly digest?: string;
}

export interface Deployed extends Changed {
  readonly release: Release;
}

export interface RegistryStatus {
  readonly revision: number;
  readonly deployments: readonly Deployment[];
  readonly hosts: readonly HostReport[];
}

export interface Registry {
  /** A folder of a package, an archive (`*.cloister`), or an archive's bytes. It boots and registers beside what serves before anybody is told; what fails changes nothing. */
  deploy(source: string | Uint8Array, terms?: DeployTerms): Promise<Deployed>;
  enable(extension: string, terms?: ChangeTerms): Promise<Changed>;
  disable(extension: string, terms?: ChangeTerms): Promise<Changed>;
  /** To the version before; a canary goes first. With `digest` only while that is what goes: ERR_DEPLOYMENT_CHANGED otherwise. */
  rollback(extension: string, terms?: CanaryTerms): Promise<Changed>;
  /** The canary takes everything. */
  promote(extension: string, terms?: CanaryTerms): Promise<Changed>;
  /** The canary goes. */
  returnCanary(extension: string, terms?: CanaryTerms): Promise<Changed>;
  /** Packed versions, the latest first. */
  list(extension?: string): Promise<readonly Release[]>;
  status(): Promise<RegistryStatus>;
}

export interface TriedRelease {
  readonly id: string;
  readonly version: string;
  readonly artifact: string;
  readonly signedBy: string | null;
  /** What it registered. */
  readonly mounts: readonly string[];
}

export interface RegistryParts {
  readonly store: RegistryStore;
  readonly limits: PackageLimits;
  readonly contracts: readonly CapabilityContract[];
  /** Brings it up beside what serves and takes it down again. Throws why it cannot be served. */
  tryOut(archive: Uint8Array, asCanary: boolean): Promise<TriedRelease>;
  /** null: no host is here. */
  catchUp: (() => Promise<readonly ServedHere[]>) | null;
}

/** A link that the operator names is followed. Of the name that is shown the first `/` is left out. */
const readArchiveFile = async (file: string, maxBytes: number): Promise<Uint8Array> =>
  await readRegularFile(await realpath(file).catch(() => file), `/${file}`, maxBytes);

/** The bytes that are deployed. An archive is taken as it is, so that its signature holds. */
export const packSource = async (source: string, limits: PackageLimits, contracts: readonly CapabilityContract[]): Promise<Uint8Array> => {
  if (isArchiveName(source)) return await readArchiveFile(source, limits.archiveBytes);
  const bundler = openBundler();
  try {
    return Buffer.from(wrapArchive(await readArchiveContents(path.resolve(source), bundler, limits, contracts)));
  } finally {
    await bundler.close();
  }
};

export const makeRegistryCalls = ({ store, limits, contracts, tryOut, catchUp }: RegistryParts): Registry => {
  const changeOf = ({ by = 'library', reason }: ChangeTerms): Change => {
    for (const [name, text] of Object.entries({ by, ...(reason === undefined ? {} : { reason }) }))
      if (!/^[^\p{Cc}\u2028\u2029]{1,200}$/u.test(text))
        throw new CloisterError('ERR_OPTIONS_INVALID', `${name}: expected one line of 1 to 200 characters`);
    return { by, at: new Date().toISOString(), ...(reason === undefined ? {} : { reason }) };
  };

  const afterwards = (extension: string, state: RegistryState): Promise<Changed> => sayChanged(extension, state, catchUp);

  type Decide = (state: RegistryState, extension: string, change: Change & { readonly digest?: string }) => RegistryState;
  const change =
    (decide: Decide) =>
    async (extension: string, terms: CanaryTerms = {}): Promise<Changed> => {
      const said = { ...changeOf(terms), ...(terms.digest === undefined ? {} : { digest: terms.digest }) };
      return await afterwards(extension, await store.update((state) => decide(state, extension, said)));
    };

  return {
    async deploy(source, terms = {}) {
      const { canaryShare, tenants } = terms;
      const said = {
        ...changeOf(terms),
        ...(canaryShare === undefined ? {} : { canaryShare }),
        ...(tenants === undefined ? {} : { tenants }),
      };
      const archive = typeof source === 'string' ? await packSource(source, limits, contracts) : source;
      if (archive.byteLength > limits.archiveBytes)
        throw new CloisterError(
          'ERR_ARCHIVE_INVALID',
          `the archive has ${archive.byteLength} bytes, over the limit of ${limits.archiveBytes} (limit archiveBytes)`,
        );
      const { id: extension, version, artifact, signedBy, mounts } = await tryOut(archive, canaryShare !== undefined);
      const { at, by } = said;
      const release: Release = {
        extension,
        version,
        digest: sha256(archive),
        artifact,
        bytes: archive.byteLength,
        at,
        by,
        signedBy,
        mounts,
      };
      // What may not be is not kept either.
      decideDeploy(await store.read(), release, said);
      await store.put(release, archive);
      const state = await store.update((before) => decideDeploy(before, release, said));
      return { release, ...(await afterwards(extension, state)) };
    },
    enable: change(decideEnable),
    disable: change(decideDisable),
    async rollback(extension, terms = {}) {
      // Who asked saw what serves now: of two at once one goes back.
      const was = terms.digest === undefined ? (await store.read()).deployments.get(extension) : undefined;
      return await change(decideRollback)(extension, was === undefined ? terms : { ...terms, digest: leavingOf(was) });
    },
    promote: change(decidePromote),
    returnCanary: change(decideReturn),
    list: (extension) => store.releases(extension),
    async status() {
      const [{ revision, deployments }, hosts] = await Promise.all([store.read(), store.hosts()]);
      return { revision, deployments: [...deployments.values()], hosts };
    },
  };
};
