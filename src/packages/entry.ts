// Which file of a package is its entry: built if it is there, else its source. Must never pick a file that was not asked for or usual.
import type { Entry } from './bundle-request.ts';
import type { PackageFolder } from './package-folder.ts';
import { refuseFile } from './package-folder.ts';
import type { DirectusKey, PackageJson, PackageKind } from './package-json.ts';
import type { BundleEntry } from './virtual-modules.ts';

const usualBuilt = ['dist/index.js', 'dist/index.mjs', 'dist/index.cjs'] as const;
const usualSources = ['src/index.js', 'src/index.ts', 'src/index.mjs', 'src/index.mts'] as const;
const bareEntry = 'index.js';

/** `{ app, api }`: only the API half runs on a server. */
const apiPath = (said: DirectusKey['path']): readonly string[] => {
  const api = typeof said === 'object' ? said.api : said;
  return api === undefined ? [] : [api];
};

export type EntryWish = 'built' | 'source';

const candidatesOf = (json: PackageJson | null, kind: PackageKind, wish: EntryWish): readonly string[] => {
  if (kind === 'bare' || json === null) return [bareEntry];
  const directus = json['directus:extension'];
  const main = json.main === undefined || json.main === '' || directus !== undefined ? [] : [json.main];
  const built = [...apiPath(directus?.path), ...main, ...usualBuilt];
  const sources = [...apiPath(directus?.source), ...usualSources];
  return wish === 'built' ? [...built, ...sources, bareEntry] : [...sources, bareEntry, ...built];
};

/** A path that a package says, from its folder: `/dist/index.js`. Throws where it leads outside. */
export const entryInside = (file: string, said: string): string => {
  if (/^(?:[A-Za-z]:|[/\\])/.test(file) || file.split(/[/\\]/).includes('..'))
    refuseFile(said, `entry "${file}" leads outside the extension folder; put a copy inside or bundle it`);
  return `/${file
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;
};

const isApiType = (type: string): type is BundleEntry['type'] => type === 'endpoint' || type === 'hook' || type === 'operation';

const locateEntries = async (folder: PackageFolder, directus: DirectusKey | undefined): Promise<readonly BundleEntry[]> => {
  const located: BundleEntry[] = [];
  for (const { type, name, source } of directus?.entries ?? []) {
    const [api] = apiPath(source);
    if (!isApiType(type) || api === undefined) continue;
    const found = await folder.locate(entryInside(api, 'package.json#/directus:extension/entries'));
    if (found?.kind !== 'file') return refuseFile(api, `source of entry "${name}" does not exist`);
    located.push({ type, name, path: found.path });
  }
  return located;
};

/** The entry that exists first, as a path without links; throws ERR_PACKAGE_INVALID naming all that were looked for. */
export const locateEntry = async (
  folder: PackageFolder,
  json: PackageJson | null,
  kind: PackageKind,
  wish: EntryWish = 'built',
): Promise<Entry> => {
  const entries = async (): Promise<Entry | null> => {
    const located = kind === 'bundle' ? await locateEntries(folder, json?.['directus:extension']) : [];
    return located.length === 0 ? null : { kind: 'entries', entries: located };
  };
  const candidates = candidatesOf(json, kind, wish);
  const written = wish === 'source' ? await entries() : null;
  if (written !== null) return written;
  for (const candidate of candidates) {
    const found = await folder.locate(entryInside(candidate, 'package.json'));
    if (found?.kind === 'file') return { kind: 'file', path: found.path };
  }
  const found = await entries();
  if (found !== null) return found;
  return refuseFile(
    'package.json',
    `no entry file: looked for ${[...new Set(candidates)].join(', ')}; build the package or name its source`,
  );
};
