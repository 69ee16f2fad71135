// Files of an archive as a package folder, in memory. Must never load what reads archives: the process that bundles would load it for each runtime.
import type { ArchivedFiles } from './archive-form.ts';
import { type PackageFolder, refuseFile } from './package-folder.ts';

export const makeMemoryFolder = (files: ArchivedFiles): PackageFolder => {
  const folders = new Set(['/']);
  for (const name of files.keys())
    for (let at = name.lastIndexOf('/'); at !== -1; at = name.lastIndexOf('/', at - 1)) folders.add(`/${name.slice(0, at)}`);
  return {
    root: '/',
    locate: async (inside) => {
      if (files.has(inside.slice(1))) return { path: inside, kind: 'file' };
      return folders.has(inside) ? { path: inside, kind: 'folder' } : null;
    },
    list: async (inside) => {
      const folder = inside.slice(1).replace(/\/?$/, '/');
      const names = [...files.keys()].filter((name) => name.startsWith(folder)).map((name) => name.slice(folder.length));
      return names.filter((name) => !name.includes('/')).toSorted();
    },
    read: async (inside, maxBytes) => {
      const text = files.get(inside.slice(1)) ?? refuseFile(inside, 'does not exist');
      const bytes = Buffer.byteLength(text);
      return bytes > maxBytes ? refuseFile(inside, `has ${bytes} bytes, over the limit of ${maxBytes}`) : text;
    },
  };
};
