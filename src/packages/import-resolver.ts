// Finds the file an import means, by Node's rules, inside one extension folder. Must never look above that folder.
import path from 'node:path';
import { CloisterError } from '../errors.ts';
import { decideExport, decideImport } from './exports-map.ts';
import type { PackageFolder } from './package-folder.ts';

export type ImportKind = 'import' | 'require';

/** Path of a file inside the folder; null when there is none. Throws where the import leads outside. */
export type ImportResolver = (specifier: string, importer: string, kind: ImportKind) => Promise<string | null>;

type PackageJson = Readonly<Record<string, unknown>>;

/** Tried in this order after a path without ending, as bundlers do. */
const endings = ['.js', '.ts', '.mjs', '.mts', '.cjs', '.cts', '.jsx', '.tsx', '.json'] as const;
const conditionsOf = { import: new Set(['node', 'import']), require: new Set(['node', 'require']) } as const;
/** TypeScript sources name the file they will be compiled to. */
const sourceOf: ReadonlyMap<string, readonly string[]> = new Map([
  ['.js', ['.ts', '.tsx']],
  ['.mjs', ['.mts']],
  ['.cjs', ['.cts']],
]);
/** An imports map that leads to itself ends here. */
const maxHops = 8;

const field = (json: PackageJson | null, name: string): unknown => (json !== null && Object.hasOwn(json, name) ? json[name] : undefined);

const join = (folder: string, relative: string): string => {
  const joined = path.posix.join(folder.slice(1) || '.', relative);
  if (joined === '..' || joined.startsWith('../'))
    throw new CloisterError('ERR_PACKAGE_BUNDLE', `"${relative}" leads outside the extension folder; put a copy inside or bundle it`);
  return joined === '.' ? '/' : `/${joined.replace(/\/$/, '')}`;
};

const parentOf = (folder: string): string | null => (folder === '/' ? null : path.posix.dirname(folder));

const foldersUpFrom = (folder: string): readonly string[] => {
  const folders: string[] = [];
  for (let at: string | null = folder; at !== null; at = parentOf(at)) folders.push(at);
  return folders;
};

/** `@scope/name/sub` → `@scope/name` and `./sub`. */
const splitBare = (specifier: string): { readonly name: string; readonly subpath: string } => {
  const parts = specifier.split('/');
  const length = specifier.startsWith('@') ? 2 : 1;
  const sub = parts.slice(length).join('/');
  return { name: parts.slice(0, length).join('/'), subpath: sub === '' ? '.' : `./${sub}` };
};

const validName = /^(?:@[^/\\%@.][^/\\%]*\/)?[^/\\%@.][^/\\%]*$/;

export const makeImportResolver = (folder: PackageFolder, maxPackageJsonBytes: number): ImportResolver => {
  const packageJsons = new Map<string, Promise<PackageJson | null>>();

  const readPackageJson = async (at: string): Promise<PackageJson | null> => {
    const file = join(at, 'package.json');
    if ((await folder.locate(file))?.kind !== 'file') return null;
    const text = await folder.read(file, maxPackageJsonBytes);
    let value: unknown;
    try {
      value = JSON.parse(text.replace(/^\uFEFF/, ''));
    } catch {
      throw new CloisterError('ERR_PACKAGE_BUNDLE', `${file.slice(1)} is not JSON`);
    }
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as PackageJson) : null;
  };

  const packageJsonOf = (at: string): Promise<PackageJson | null> => {
    const known = packageJsons.get(at);
    if (known !== undefined) return known;
    const read = readPackageJson(at);
    packageJsons.set(at, read);
    return read;
  };

  const asFile = async (file: string): Promise<string | null> => {
    const located = await folder.locate(file);
    return located?.kind === 'file' ? located.path : null;
  };

  const firstFile = async (files: readonly string[]): Promise<string | null> => {
    for (const file of files) {
      const found = await asFile(file);
      if (found !== null) return found;
    }
    return null;
  };

  const asFileOrFolder = async (file: string): Promise<string | null> => {
    const located = await folder.locate(file);
    if (located?.kind === 'file') return located.path;
    const ending = path.posix.extname(file);
    const beside = [
      ...endings.map((more) => file + more),
      ...(sourceOf.get(ending) ?? []).map((source) => file.slice(0, -ending.length) + source),
    ];
    const found = await firstFile(beside);
    if (found !== null || located === null) return found;
    const main = field(await packageJsonOf(located.path), 'main');
    const fromMain = typeof main === 'string' && main !== '' ? join(located.path, main) : located.path;
    if (fromMain !== located.path) {
      const viaMain = await firstFile([
        fromMain,
        ...endings.map((more) => fromMain + more),
        ...endings.map((more) => join(fromMain, `index${more}`)),
      ]);
      if (viaMain !== null) return viaMain;
    }
    return firstFile(endings.map((more) => join(located.path, `index${more}`)));
  };

  const inPackage = async (at: string, subpath: string, kind: ImportKind): Promise<string | null> => {
    const exports = field(await packageJsonOf(at), 'exports');
    if (exports === undefined || exports === null) return asFileOrFolder(join(at, subpath));
    const target = decideExport(exports, subpath, conditionsOf[kind]);
    return target === null ? null : asFile(join(at, target));
  };

  /** Nearest folder upwards that has a package.json: its `imports` and its own name apply. */
  const scopeOf = async (importerFolder: string): Promise<string | null> => {
    for (const at of foldersUpFrom(importerFolder)) {
      if (path.posix.basename(at) === 'node_modules') return null;
      if ((await packageJsonOf(at)) !== null) return at;
    }
    return null;
  };

  const resolveBare = async (specifier: string, importerFolder: string, kind: ImportKind): Promise<string | null> => {
    const { name, subpath } = splitBare(specifier);
    if (!validName.test(name)) return null;
    const scope = await scopeOf(importerFolder);
    const own = scope === null ? null : await packageJsonOf(scope);
    if (scope !== null && field(own, 'name') === name && field(own, 'exports') !== undefined) return inPackage(scope, subpath, kind);
    for (const at of foldersUpFrom(importerFolder)) {
      if (path.posix.basename(at) === 'node_modules') continue;
      const located = await folder.locate(join(at, `node_modules/${name}`));
      if (located?.kind === 'folder') return inPackage(located.path, subpath, kind);
    }
    return null;
  };

  const resolve = async (specifier: string, importerFolder: string, kind: ImportKind, hops: number): Promise<string | null> => {
    if (specifier === '' || specifier.includes('\0') || hops > maxHops) return null;
    if (/^\.{1,2}(?:\/|$)/.test(specifier)) return asFileOrFolder(join(importerFolder, specifier));
    if (specifier.startsWith('/') || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(specifier)) {
      throw new CloisterError(
        'ERR_PACKAGE_BUNDLE',
        'an absolute path or URL leads outside the extension folder; put a copy inside or bundle it',
      );
    }
    if (!specifier.startsWith('#')) return resolveBare(specifier, importerFolder, kind);
    const scope = await scopeOf(importerFolder);
    if (scope === null) return null;
    const target = decideImport(field(await packageJsonOf(scope), 'imports'), specifier, conditionsOf[kind]);
    return target === null ? null : resolve(target, scope, kind, hops + 1);
  };

  return (specifier, importer, kind) => resolve(specifier, path.posix.dirname(importer), kind, 0);
};
