// Finds what is to be read as packages: a given folder or archive itself, or each subfolder and archive of it. Must never follow a link out of it.
import { opendir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { showText } from '../config/show.ts';
import { CloisterError } from '../errors.ts';
import type { PackageLimits } from '../limits/package-table.ts';
import { archiveEnding, isArchiveName } from './archive-folder.ts';
import { openPackageFolder } from './package-folder.ts';
import { isExtension, type PackageJsonParser } from './package-json.ts';

export interface PackageSource {
  /** A package, a signed archive of one, or a folder that holds packages and archives. */
  readonly folder: string;
  /** The operator's word on what it is called; only for a package. */
  readonly id?: string;
  /** `source`: what it is built from, whatever lies there built. */
  readonly entry?: 'built' | 'source';
}

export interface FoundPackage {
  readonly folder: string;
  readonly source: PackageSource;
  /** An archive that lies in no folder: then `folder` only names it. */
  readonly archive?: Uint8Array;
}

export interface Refusal {
  readonly folder: string;
  /** Where a package stands there that cannot be read: its entry of `extensions`, and the id it has as far as anybody can tell. */
  readonly source?: PackageSource;
  readonly id?: string;
  readonly error: CloisterError;
}

export interface Found {
  readonly packages: readonly FoundPackage[];
  readonly refused: readonly Refusal[];
}

const refusal = (folder: string, cause: string): Refusal => ({
  folder,
  error: new CloisterError('ERR_PACKAGE_INVALID', `extension ${showText(path.basename(folder))}: ${showText(folder, 400)}: ${cause}`, {
    folder,
  }),
});

/** A broken package is still a package: it is refused later, with its own cause, and never taken for a folder of packages. */
const isPackage = async (folder: string, limits: PackageLimits, parseJson: PackageJsonParser): Promise<boolean> => {
  try {
    const gate = await openPackageFolder(folder);
    const bare = (await gate.locate('/index.js')) !== null;
    if (bare || (await gate.locate('/package.json')) === null) return bare;
    return isExtension(parseJson(await gate.read('/package.json', limits.packageJsonBytes)));
  } catch {
    return true;
  }
};

/** Names of subfolders, archives and links; dot folders and installed dependencies are nobody's extensions. */
const listSubfolders = async (folder: string, max: number): Promise<readonly string[]> => {
  const names: string[] = [];
  for await (const entry of await opendir(folder)) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    if (!entry.isDirectory() && !entry.isSymbolicLink() && !isArchiveName(entry.name)) continue;
    names.push(entry.name);
    if (names.length > max) throw new CloisterError('ERR_PACKAGE_INVALID', `holds more than ${max} folders (limit packagesFound)`);
  }
  return names.sort();
};

/** null: a link to a file, which is nothing to read. '': a package or an archive. */
const judgeSubfolder = async (
  container: string,
  folder: string,
  limits: PackageLimits,
  parseJson: PackageJsonParser,
): Promise<string | null> => {
  const real = await realpath(folder).catch(() => null);
  if (real === null) return 'is a link that leads nowhere';
  if (!real.startsWith(container + path.sep))
    return `is a link that leads outside ${showText(path.basename(container))}; copy the extension into it or name its own folder`;
  if (!(await stat(real)).isDirectory()) return isArchiveName(folder) ? '' : null;
  return (await isPackage(folder, limits, parseJson))
    ? ''
    : 'is no extension: it has neither index.js nor a package.json with "directus:extension" or "cloister"';
};

const findInside = async (
  source: PackageSource,
  container: string,
  limits: PackageLimits,
  parseJson: PackageJsonParser,
): Promise<Found> => {
  const packages: FoundPackage[] = [];
  const refused: Refusal[] = [];
  for (const name of await listSubfolders(container, limits.packagesFound)) {
    const folder = path.join(container, name);
    const cause = await judgeSubfolder(container, folder, limits, parseJson);
    if (cause === '') packages.push({ folder, source });
    else if (cause !== null) refused.push(refusal(folder, cause));
  }
  return { packages, refused };
};

const nothing = (folder: string, cause: string): Found => ({ packages: [], refused: [refusal(folder, cause)] });

export const findPackages = async (source: PackageSource, limits: PackageLimits, parseJson: PackageJsonParser): Promise<Found> => {
  const folder = path.resolve(source.folder);
  const real = await realpath(folder).catch(() => null);
  if (real === null) return nothing(folder, 'is not a folder that exists');
  if (!(await stat(real)).isDirectory())
    return isArchiveName(real)
      ? { packages: [{ folder: real, source }], refused: [] }
      : nothing(folder, `is neither a folder nor an archive (*${archiveEnding})`);
  if (await isPackage(real, limits, parseJson)) return { packages: [{ folder: real, source }], refused: [] };
  if (source.id !== undefined) return nothing(folder, `id "${source.id}" was given, but this is a folder of extensions; name one of them`);
  try {
    return await findInside(source, real, limits, parseJson);
  } catch (error) {
    return nothing(folder, error instanceof Error ? showText(error.message, 200) : 'cannot be read');
  }
};
