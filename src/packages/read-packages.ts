// Finds, reads, checks and bundles extension packages. Must never run a line of them, and never let one spoil the others.
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { CapabilityContract } from '../bridge/capability.ts';
import { parseExtensionId } from '../config/extension-id.ts';
import { type Manifest, type ManifestParser, makeManifestParser } from '../config/manifest.ts';
import { showText } from '../config/show.ts';
import { CloisterError } from '../errors.ts';
import { makePackageLimits, type PackageLimits } from '../limits/package-table.ts';
import { type Bundler, openBundler } from './bundler.ts';
import { locateEntry } from './entry.ts';
import { type FoundPackage, findPackages, type PackageSource, type Refusal } from './find-packages.ts';
import type { LoadedPackage } from './loaded-package.ts';
import { openPackageFolder } from './package-folder.ts';
import { decideKind, makePackageJsonParser, nameWithoutScope, type PackageJson, type PackageJsonParser } from './package-json.ts';

interface Tools {
  readonly limits: PackageLimits;
  readonly parsePackageJson: PackageJsonParser;
  readonly parseManifest: ManifestParser;
  readonly bundler: Bundler;
}

const decideFallbackId = (found: FoundPackage, json: PackageJson | null): string => {
  if (found.source.id !== undefined) return parseExtensionId(found.source.id, 'extensions');
  if (json?.name !== undefined) return parseExtensionId(nameWithoutScope(json.name), 'package.json#/name');
  return parseExtensionId(path.basename(found.folder), 'name of the folder');
};

const readManifest = (json: PackageJson | null, parseManifest: ManifestParser): Manifest | null =>
  json?.cloister === undefined ? null : parseManifest(json.cloister, 'package.json#/cloister');

const readPackage = async (found: FoundPackage, { limits, parsePackageJson, parseManifest, bundler }: Tools): Promise<LoadedPackage> => {
  const folder = await openPackageFolder(found.folder);
  const hasJson = (await folder.locate('/package.json')) !== null;
  const json = hasJson ? parsePackageJson(await folder.read('/package.json', limits.packageJsonBytes)) : null;
  const fallbackId = decideFallbackId(found, json);
  const kind = decideKind(json);
  const manifest = readManifest(json, parseManifest);
  const entry = await locateEntry(folder, json, kind);
  const bundle = await bundler.bundle({ root: folder.root, entry, limits });
  if (!bundle.ok) throw new CloisterError(bundle.code, bundle.cause);
  return {
    folder: found.folder,
    source: found.source,
    fallbackId,
    name: json?.name ?? path.basename(found.folder),
    version: json?.version ?? '0.0.0',
    kind,
    artifact: createHash('sha256').update(bundle.script).digest('hex'),
    script: bundle.script,
    sourceMap: bundle.sourceMap,
    express: json?.['directus:extension'] === undefined ? 5 : 4,
    manifest,
    entryFile: entry.kind === 'file' ? entry.path.slice(1) : 'package.json',
  };
};

/** One line that begins with the extension; the stage's own message names file and cause. */
const refuse = (found: FoundPackage, error: unknown): Refusal => {
  const extension = found.source.id ?? path.basename(found.folder);
  const known = error instanceof CloisterError;
  const message = known ? error.message : `cannot be read: ${showText(String(error), 200)}`;
  const details = { ...(known ? error.details : {}), extension, folder: found.folder };
  return {
    folder: found.folder,
    error: new CloisterError(known ? error.code : 'ERR_PACKAGE_INVALID', `extension ${showText(extension)}: ${message}`, details, {
      cause: error,
    }),
  };
};

export interface ReadPackages {
  readonly packages: readonly LoadedPackage[];
  readonly refused: readonly Refusal[];
}

/** Reads every package the sources lead to. Rejects for none of them: what cannot be read is in `refused`. */
export const readPackages = async (
  sources: readonly (string | PackageSource)[],
  contracts: readonly CapabilityContract[],
  limits: PackageLimits = makePackageLimits(),
): Promise<ReadPackages> => {
  const tools: Tools = {
    limits,
    parsePackageJson: makePackageJsonParser(),
    parseManifest: makeManifestParser(contracts),
    bundler: openBundler(),
  };
  const packages: LoadedPackage[] = [];
  const refused: Refusal[] = [];
  try {
    for (const source of sources) {
      const found = await findPackages(typeof source === 'string' ? { folder: source } : source, limits, tools.parsePackageJson);
      refused.push(...found.refused);
      for (const one of found.packages) {
        try {
          packages.push(await readPackage(one, tools));
        } catch (error) {
          refused.push(refuse(one, error));
        }
      }
    }
  } finally {
    await tools.bundler.close();
  }
  return { packages, refused };
};
