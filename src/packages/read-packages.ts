// Finds, reads, checks and bundles extension packages. Must never run a line of them, and never let one spoil the others.
import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CapabilityContract } from '../bridge/capability.ts';
import { parseExtensionId } from '../config/extension-id.ts';
import { type Manifest, type ManifestParser, makeManifestParser } from '../config/manifest.ts';
import { showText } from '../config/show.ts';
import { CloisterError } from '../errors.ts';
import { makePackageLimits, type PackageLimits } from '../limits/package-table.ts';
import { type ArchiveFolder, isArchiveName, openArchive, openArchiveBytes } from './archive-folder.ts';
import { type Bundler, openBundler } from './bundler.ts';
import { makeScopesReader, type ScopesReader } from './directus-scopes.ts';
import { locateEntry } from './entry.ts';
import { type FoundPackage, findPackages, type PackageSource, type Refusal } from './find-packages.ts';
import type { LoadedPackage } from './loaded-package.ts';
import { addOwnFiles, readOwnFiles } from './own-files.ts';
import { openPackageFolder, type PackageFolder } from './package-folder.ts';
import { decideKind, makePackageJsonParser, nameWithoutScope, type PackageJson, type PackageJsonParser } from './package-json.ts';

interface Tools {
  readonly limits: PackageLimits;
  readonly parsePackageJson: PackageJsonParser;
  readonly parseManifest: ManifestParser;
  readonly readScopes: ScopesReader;
  readonly bundler: Bundler;
  readonly trustedKeys: readonly string[];
}

/** How packages are read. */
export interface ReadTerms {
  /** Those with this id alone. */
  readonly only?: string;
  /** One that is given stays open. */
  readonly bundler?: Bundler;
  /** Whose archives are read: public Ed25519 keys as `cloister keygen` prints them. */
  readonly trustedKeys?: readonly string[];
}

interface Opened {
  readonly inside: PackageFolder;
  /** Of an archive: everything in it, and who signed it. */
  readonly archive: Pick<ArchiveFolder, 'files' | 'key'> | null;
}

/** What is no folder any more since it was found is refused by whoever reads it. */
const openPackage = async (
  { folder, archive: bytes }: FoundPackage,
  { limits, trustedKeys }: Pick<Tools, 'limits' | 'trustedKeys'>,
): Promise<Opened> => {
  if (bytes !== undefined) {
    const { inside, ...archive } = openArchiveBytes(bytes, showText(folder, 200), limits.archiveBytes, trustedKeys);
    return { inside, archive };
  }
  const isFile = isArchiveName(folder) && !(await stat(folder)).isDirectory();
  if (!isFile) return { inside: await openPackageFolder(folder), archive: null };
  // Found inside a folder of packages it may be a link, which leads nowhere but inside that folder.
  const { inside, ...archive } = await openArchive(await realpath(folder), limits.archiveBytes, trustedKeys);
  return { inside, archive };
};

const decideFallbackId = (found: FoundPackage, json: PackageJson | null): string => {
  if (found.source.id !== undefined) return parseExtensionId(found.source.id, 'extensions');
  if (json?.name !== undefined) return parseExtensionId(nameWithoutScope(json.name), 'package.json#/name');
  return parseExtensionId(path.basename(found.folder), 'name of the folder');
};

const readManifest = (json: PackageJson | null, parseManifest: ManifestParser): Manifest | null =>
  json?.cloister === undefined ? null : parseManifest(json.cloister, 'package.json#/cloister');

/** What a package says of itself in its package.json. */
export interface PackageHead {
  readonly folder: string;
  /** The entry of the sources that led to it. */
  readonly source: PackageSource;
  /** The id of approvals, also where code exports another one. */
  readonly fallbackId: string;
  /** Express's major where the manifest has no wish. */
  readonly express: 4 | 5;
  readonly manifest: Manifest | null;
}

/** Told as soon as it is known: what cannot be read further is refused under its id. */
type OnId = (id: string) => void;

interface HeadAndMore extends PackageHead, Opened {
  readonly json: PackageJson | null;
}

const readHead = async (found: FoundPackage, tools: Omit<Tools, 'bundler'>, onId: OnId): Promise<HeadAndMore> => {
  const { limits, parsePackageJson, parseManifest, readScopes } = tools;
  const { inside, archive } = await openPackage(found, tools);
  const hasJson = (await inside.locate('/package.json')) !== null;
  const json = hasJson ? parsePackageJson(await inside.read('/package.json', limits.packageJsonBytes)) : null;
  const fallbackId = decideFallbackId(found, json);
  onId(fallbackId);
  return {
    folder: found.folder,
    source: found.source,
    fallbackId,
    express: json?.['directus:extension'] === undefined ? 5 : 4,
    manifest: readScopes(json?.['directus:extension'], readManifest(json, parseManifest)),
    inside,
    archive,
    json,
  };
};

/** null: it is another one than was asked for. */
const readPackage = async (found: FoundPackage, tools: Tools, onId: OnId, only?: string): Promise<LoadedPackage | null> => {
  const { inside, archive, json, ...head } = await readHead(found, tools, onId);
  if (only !== undefined && head.fallbackId !== only) return null;
  const kind = decideKind(json);
  const entry = await locateEntry(inside, json, kind, found.source.entry);
  const bundle = await tools.bundler.bundle({
    root: inside.root,
    ...(archive === null ? {} : { files: Object.fromEntries(archive.files) }),
    entry,
    limits: tools.limits,
    output: 'script',
  });
  if (!bundle.ok) throw new CloisterError(bundle.code, bundle.cause);
  const entryFile = entry.kind === 'file' ? entry.path.slice(1) : 'package.json';
  const script = addOwnFiles(bundle.script, await readOwnFiles(inside, head.manifest), entryFile);
  return {
    ...head,
    name: json?.name ?? path.basename(found.folder),
    version: json?.version ?? '0.0.0',
    kind,
    artifact: createHash('sha256').update(script).digest('hex'),
    signedBy: archive?.key ?? null,
    script,
    sourceMap: bundle.sourceMap,
    entryFile,
  };
};

/** One line that begins with the extension; the stage's own message names file and cause. */
const refuse = (found: FoundPackage, error: unknown, id: string): Refusal => {
  const extension = found.source.id ?? path.basename(found.folder);
  const known = error instanceof CloisterError;
  const message = known ? error.message : `cannot be read: ${showText(String(error), 200)}`;
  const details = { ...(known ? error.details : {}), extension, folder: found.folder };
  return {
    folder: found.folder,
    source: found.source,
    id,
    error: new CloisterError(known ? error.code : 'ERR_PACKAGE_INVALID', `extension ${showText(extension)}: ${message}`, details, {
      cause: error,
    }),
  };
};

interface Read<Package> {
  readonly packages: readonly Package[];
  readonly refused: readonly Refusal[];
}

export type ReadPackages = Read<LoadedPackage>;

const readEach = async <Package>(
  sources: readonly (string | PackageSource)[],
  { limits, parsePackageJson }: Pick<Tools, 'limits' | 'parsePackageJson'>,
  read: (found: FoundPackage, onId: OnId) => Promise<Package | null>,
): Promise<Read<Package>> => {
  const packages: Package[] = [];
  const refused: Refusal[] = [];
  for (const source of sources) {
    const found = await findPackages(typeof source === 'string' ? { folder: source } : source, limits, parsePackageJson);
    refused.push(...found.refused);
    for (const one of found.packages) {
      let id = one.source.id ?? path.basename(one.folder);
      const onId: OnId = (known) => {
        id = known;
      };
      try {
        const loaded = await read(one, onId);
        if (loaded !== null) packages.push(loaded);
      } catch (error) {
        refused.push(refuse(one, error, id));
      }
    }
  }
  return { packages, refused };
};

const makeTools = (
  contracts: readonly CapabilityContract[],
  limits: PackageLimits,
  trustedKeys: readonly string[],
): Omit<Tools, 'bundler'> => ({
  limits,
  trustedKeys,
  parsePackageJson: makePackageJsonParser(),
  parseManifest: makeManifestParser(contracts),
  readScopes: makeScopesReader(),
});

/** Reads every package the sources lead to, or those with the one id. Rejects for none of them: what cannot be read is in `refused`. */
export const readPackages = async (
  sources: readonly (string | PackageSource)[],
  contracts: readonly CapabilityContract[],
  limits: PackageLimits = makePackageLimits(),
  { only, bundler, trustedKeys = [] }: ReadTerms = {},
): Promise<ReadPackages> => {
  const tools: Tools = { ...makeTools(contracts, limits, trustedKeys), bundler: bundler ?? openBundler() };
  try {
    return await readEach(sources, tools, (found, onId) => readPackage(found, tools, onId, only));
  } finally {
    if (bundler === undefined) await tools.bundler.close();
  }
};

/** An archive that lies in no folder, such as one of the registry. */
export interface ArchivedPackage {
  /** Names it in what is refused. */
  readonly where: string;
  /** What its package.json has to say that it is called: whoever hands it over must not run it as another. Left out: whatever it says. */
  readonly id?: string;
  readonly bytes: Uint8Array;
}

/** Throws one line that begins with the extension. */
export const readArchived = async (
  { where, id, bytes }: ArchivedPackage,
  contracts: readonly CapabilityContract[],
  limits: PackageLimits,
  { bundler, trustedKeys = [] }: Omit<ReadTerms, 'only'> = {},
): Promise<LoadedPackage> => {
  const tools: Tools = { ...makeTools(contracts, limits, trustedKeys), bundler: bundler ?? openBundler() };
  const found: FoundPackage = { folder: where, source: { folder: where }, archive: bytes };
  let known = where;
  try {
    const loaded = await readPackage(found, tools, (said) => {
      known = said;
    });
    // null is for whoever asks for one id among many.
    if (loaded === null) throw new CloisterError('ERR_PACKAGE_INVALID', `${where}: is another package`);
    if (id !== undefined && loaded.fallbackId !== id)
      throw new CloisterError('ERR_ARCHIVE_INVALID', `is deployed as ${id}, and says that it is ${loaded.fallbackId}; deploy it again`);
    return loaded;
  } catch (error) {
    throw refuse(id === undefined ? found : { ...found, source: { folder: where, id } }, error, id ?? known).error;
  } finally {
    if (bundler === undefined) await tools.bundler.close();
  }
};

/** Only what their package.json says, for whoever asks what they want: their code is not looked at. */
export const readPackageHeads = (
  sources: readonly (string | PackageSource)[],
  contracts: readonly CapabilityContract[],
  limits: PackageLimits,
  trustedKeys: readonly string[],
): Promise<Read<PackageHead>> => {
  const tools = makeTools(contracts, limits, trustedKeys);
  return readEach(sources, tools, (found, onId) => readHead(found, tools, onId));
};
