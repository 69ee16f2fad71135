// The files that a script carries, as node:fs of its cell shows them. Must never show one that is not granted.
import type { OwnFiles } from '../platform/hooks.ts';
import { hasOwn, keysOf, parseJson } from './intrinsics.ts';

interface Carried {
  readonly entryFolder: string;
  readonly files: Readonly<Record<string, string>>;
}

interface Granted {
  allows(path: string): boolean;
  note(path: string): void;
}

/** Where the extension believes its entry lies; what lies beside the package's folder for its code is found by its path from there. */
const root = '/extension';

const resolve = (path: string): string => {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
};

export const noOwnFiles: OwnFiles = { read: () => null, list: () => null };

export const makeOwnFiles = (json: string, granted: Granted): OwnFiles => {
  const { entryFolder, files } = parseJson(json) as Carried;
  /** Place in the cell → path in the package. */
  const places: Record<string, string> = Object.create(null) as Record<string, string>;
  const up = entryFolder === '.' ? 0 : entryFolder.split('/').length;
  for (const path of keysOf(files)) {
    if (!granted.allows(path)) continue;
    places[`${root}/${path}`] = path;
    // From the entry's own folder, which the code knows as the root.
    const fromEntry = path.startsWith(`${entryFolder}/`) ? path.slice(entryFolder.length + 1) : `${'../'.repeat(up)}${path}`;
    places[resolve(`${root}/${fromEntry}`)] = path;
  }
  return {
    read: (given) => {
      const path = places[resolve(given)];
      if (path === undefined || !hasOwn(files, path)) return null;
      granted.note(path);
      return files[path] ?? null;
    },
    list: (given) => {
      const folder = resolve(given);
      const prefix = folder === '/' ? '/' : `${folder}/`;
      const names = keysOf(places)
        .filter((place) => place.startsWith(prefix))
        .map((place) => place.slice(prefix.length).split('/', 1)[0] ?? '');
      return names.length === 0 ? null : [...new Set(names)].sort();
    },
  };
};
