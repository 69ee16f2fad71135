// esbuild's only view of files: everything it resolves or loads comes through the package folder. Must never let esbuild look by itself.
import { isBuiltin } from 'node:module';
import path from 'node:path';
import type { ImportKind as EsbuildKind, Loader, OnLoadResult, OnResolveArgs, OnResolveResult, Plugin } from 'esbuild';
import { showText } from '../config/show.ts';
import { CloisterError } from '../errors.ts';
import type { PackageLimits } from '../limits/package-table.ts';
import type { Entry } from './bundle-request.ts';
import { detachComputedImports } from './computed-imports.ts';
import { type ImportKind, makeImportResolver } from './import-resolver.ts';
import type { PackageFolder } from './package-folder.ts';
import { cloisterSdkSource, directusSdkSource, makeBundleSource } from './virtual-modules.ts';

/** Provided in the cell: Express itself, and Directus's own small API. */
const providedModules: ReadonlySet<string> = new Set(['express', 'directus:api']);
const sdkModule = '@directus/extensions-sdk';
const ownSdkModule = 'cloister/sdk';
const entryModule = 'entry';

const loaders: ReadonlyMap<string, Loader> = new Map([
  ['.js', 'js'],
  ['.mjs', 'js'],
  ['.cjs', 'js'],
  ['', 'js'],
  ['.jsx', 'jsx'],
  ['.ts', 'ts'],
  ['.mts', 'ts'],
  ['.cts', 'ts'],
  ['.tsx', 'tsx'],
  ['.json', 'json'],
]);

const kinds: ReadonlyMap<EsbuildKind, ImportKind> = new Map([
  ['import-statement', 'import'],
  ['dynamic-import', 'import'],
  ['require-call', 'require'],
]);

const sayCause = (error: unknown): string =>
  error instanceof CloisterError ? error.message : `cannot be read: ${showText(String(error))}`;

/** A first line for a shell is no JavaScript once something stands before it; the replacement keeps every column. */
const withoutHashbang = (source: string): string => (source.startsWith('#!') ? `//${source.slice(2)}` : source);

/** esbuild reads a map that a comment names by a `file:` URL, wherever it lies, past every plugin. The last comment is the one that counts, and one that holds its map names nothing. */
const mapElsewhere = /sourceMappingURL=(?!data:)/;
const noMap = '\n//# sourceMappingURL=data:application/json,{}';
const withoutMapElsewhere = (source: string): string => (mapElsewhere.test(source) ? source + noMap : source);

export const makeBundlePlugin = (folder: PackageFolder, entry: Entry, limits: PackageLimits): Plugin => {
  const resolveImport = makeImportResolver(folder, limits.packageJsonBytes);
  let bytesLeft = limits.sourceBytes;
  let filesLeft = limits.sourceFiles;

  const resolveEntry = (): OnResolveResult =>
    entry.kind === 'file' ? { path: entry.path, namespace: 'extension' } : { path: entryModule, namespace: 'virtual' };

  const toFile = (file: string): OnResolveResult => {
    if (loaders.has(path.posix.extname(file))) return { path: file, namespace: 'extension' };
    const native = file.endsWith('.node') ? ' (native code cannot run in an isolate)' : '';
    return { errors: [{ text: `imports ${showText(file.slice(1))}, a kind of file that cannot be bundled${native}` }] };
  };

  const resolve = async ({ path: specifier, importer, namespace, kind }: OnResolveArgs): Promise<OnResolveResult | undefined> => {
    if (kind === 'entry-point') return resolveEntry();
    if (kind === 'require-resolve' || isBuiltin(specifier) || providedModules.has(specifier)) return { path: specifier, external: true };
    if (namespace === 'virtual') return toFile(specifier);
    if (specifier === ownSdkModule) return { path: ownSdkModule, namespace: 'virtual' };
    const importKind = kinds.get(kind);
    if (importKind === undefined) return { errors: [{ text: `${kind} is not a way to import code` }] };
    try {
      const file = await resolveImport(specifier, importer, importKind);
      if (file !== null) return toFile(file);
    } catch (error) {
      return { errors: [{ text: `imports "${showText(specifier)}": ${sayCause(error)}` }] };
    }
    // Left to esbuild, which has no folder to look in and so only knows whether a missing module is caught by a try block.
    return specifier === sdkModule ? { path: sdkModule, namespace: 'virtual' } : undefined;
  };

  const load = async (file: string): Promise<OnLoadResult> => {
    filesLeft -= 1;
    if (filesLeft < 0) return { errors: [{ text: `has more than ${limits.sourceFiles} source files (limit sourceFiles)` }] };
    try {
      const source = await folder.read(file, limits.sourceBytes);
      bytesLeft -= Buffer.byteLength(source);
      if (bytesLeft < 0) return { errors: [{ text: `has more than ${limits.sourceBytes} bytes of source (limit sourceBytes)` }] };
      const loader = loaders.get(path.posix.extname(file)) ?? 'js';
      const detached = await detachComputedImports(withoutMapElsewhere(withoutHashbang(source)), loader, `extension:${file}`);
      return detached.ok ? { contents: detached.source, loader } : { errors: detached.errors };
    } catch (error) {
      return { errors: [{ text: sayCause(error) }] };
    }
  };

  const virtualSource = (name: string): string => {
    if (name === sdkModule) return directusSdkSource;
    if (name === ownSdkModule) return cloisterSdkSource;
    return makeBundleSource(entry.kind === 'entries' ? entry.entries : []);
  };

  return {
    name: 'package-folder',
    setup(build) {
      build.onResolve({ filter: /.*/ }, resolve);
      build.onLoad({ filter: /.*/, namespace: 'extension' }, ({ path: file }) => load(file));
      build.onLoad({ filter: /.*/, namespace: 'virtual' }, ({ path: name }) => ({
        contents: virtualSource(name),
        loader: 'js',
      }));
      // Nothing should come here. What does was found by esbuild alone, so it may lie anywhere.
      build.onLoad({ filter: /.*/ }, () => ({
        errors: [{ text: 'imports by a way that leads outside the extension folder; write the path out' }],
      }));
    },
  };
};
