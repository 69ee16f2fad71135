// What goes into the archive of a package: its package.json, one built module, the files that it asks for. Must never take anything else along.
import type { CapabilityContract } from '../bridge/capability.ts';
import { makeManifestParser } from '../config/manifest.ts';
import { CloisterError } from '../errors.ts';
import type { PackageLimits } from '../limits/package-table.ts';
import type { ArchivedFiles } from './archive-form.ts';
import { buildModule } from './build-module.ts';
import type { Bundler } from './bundler.ts';
import { locateEntry } from './entry.ts';
import { readOwnFiles } from './own-files.ts';
import { openPackageFolder, type PackageFolder } from './package-folder.ts';
import { decideKind, makePackageJsonParser, type PackageJson } from './package-json.ts';

interface Module {
  /** Relative, with `/`. */
  readonly file: string;
  readonly text: string;
}

const refuse = (folder: string, cause: string): CloisterError =>
  new CloisterError('ERR_PACKAGE_INVALID', `${folder}: ${cause}`, { file: 'package.json' });

/** What has no source apart from what is served: that, with all it imports, in one file. */
const bundleServed = async (inside: PackageFolder, json: PackageJson, bundler: Bundler, limits: PackageLimits): Promise<Module | null> => {
  const entry = await locateEntry(inside, json, decideKind(json), 'source');
  const served = await locateEntry(inside, json, decideKind(json), 'built');
  if (entry.kind !== 'file' || served.kind !== 'file' || entry.path !== served.path || !/\.[cm]?js$/.test(served.path)) return null;
  const isModule = served.path.endsWith('.mjs') || (served.path.endsWith('.js') && json.type === 'module');
  const bundle = await bundler.bundle({ root: inside.root, entry: served, limits, output: isModule ? 'esm' : 'cjs' });
  if (!bundle.ok) throw new CloisterError(bundle.code, bundle.cause);
  return { file: served.path.slice(1), text: bundle.script };
};

/** As `pack` seals it and `deploy` takes a folder. */
export const readArchiveContents = async (
  folder: string,
  bundler: Bundler,
  limits: PackageLimits,
  contracts: readonly CapabilityContract[],
): Promise<ArchivedFiles> => {
  const inside = await openPackageFolder(folder);
  if ((await inside.locate('/package.json')) === null) throw refuse(folder, 'has no package.json; name the folder of a package');
  const text = await inside.read('/package.json', limits.packageJsonBytes);
  const json = makePackageJsonParser()(text);
  if (json.name === undefined) throw refuse(folder, 'its package.json has no name, and in an archive there is no folder to name it after');
  const module = (await bundleServed(inside, json, bundler, limits)) ?? (await buildModule(folder, bundler, limits));
  const manifest = json.cloister === undefined ? null : makeManifestParser(contracts)(json.cloister, 'package.json#/cloister');
  return new Map([...(await readOwnFiles(inside, manifest)), ['package.json', text], [module.file, module.text]]);
};
