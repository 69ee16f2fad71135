// The one module a package is published with, made of its sources. Must never write a file: where it belongs is said, who asked writes it.
import path from 'node:path';
import { CloisterError } from '../errors.ts';
import type { PackageLimits } from '../limits/package-table.ts';
import type { BundleOutput, Entry } from './bundle-request.ts';
import type { Bundler } from './bundler.ts';
import { entryInside, locateEntry } from './entry.ts';
import { openPackageFolder } from './package-folder.ts';
import { decideKind, makePackageJsonParser, type PackageJson } from './package-json.ts';

export interface BuiltModule {
  /** Where package.json says it belongs, relative to the folder, with `/`. */
  readonly file: string;
  readonly text: string;
  /** JSON; its sources are named from where the module lies. */
  readonly sourceMap: string;
}

const usualOutput = 'dist/index.js';

const refuse = (cause: string): never => {
  throw new CloisterError('ERR_PACKAGE_INVALID', `package.json: ${cause}`, { file: 'package.json' });
};

/** As `cloister serve` will look for it. */
const outputOf = (json: PackageJson): string => {
  const { 'directus:extension': directus, main } = json;
  if (directus === undefined) return main === undefined || main === '' ? usualOutput : main;
  const said = typeof directus.path === 'object' ? directus.path.api : directus.path;
  return said ?? usualOutput;
};

const formatOf = (file: string, json: PackageJson): Exclude<BundleOutput, 'script'> => {
  if (file.endsWith('.mjs')) return 'esm';
  if (file.endsWith('.cjs')) return 'cjs';
  if (!file.endsWith('.js')) return refuse(`"${file}" is where the built file belongs, and ends in neither .js, .mjs nor .cjs`);
  return json.type === 'module' ? 'esm' : 'cjs';
};

const isSource = (entry: Entry, file: string): boolean =>
  entry.kind === 'file' ? entry.path === file : entry.entries.some((one) => one.path === file);

/** esbuild names sources by their place in the package: `extension:/src/index.js`. */
const placeSources = (sourceMap: string, file: string): string => {
  const map = JSON.parse(sourceMap) as { readonly sources: readonly string[] };
  const sources = map.sources.map((source) =>
    source.startsWith('extension:/') ? path.posix.relative(path.posix.dirname(`/${file}`), source.slice('extension:'.length)) : source,
  );
  return JSON.stringify({ ...map, sources });
};

export const buildModule = async (folder: string, bundler: Bundler, limits: PackageLimits): Promise<BuiltModule> => {
  const inside = await openPackageFolder(folder);
  if ((await inside.locate('/package.json')) === null) return refuse(`there is none in ${folder}; name the folder of a package`);
  const json = makePackageJsonParser()(await inside.read('/package.json', limits.packageJsonBytes));
  const kind = decideKind(json);
  if (kind === 'bare')
    return refuse('it has neither "cloister" nor "directus:extension", and so is served as it is; add "cloister": {} to build it');
  const entry = await locateEntry(inside, json, kind, 'source');
  const output = entryInside(outputOf(json), 'package.json');
  const file = output.slice(1);
  if (isSource(entry, output)) return refuse(`"${file}" is the source, and the built file would take its place; name ${usualOutput} there`);
  const bundle = await bundler.bundle({ root: inside.root, entry, limits, output: formatOf(file, json) });
  if (!bundle.ok) throw new CloisterError(bundle.code, bundle.cause);
  return { file, text: bundle.script, sourceMap: placeSources(bundle.sourceMap, file) };
};
