// Files of a package that its script carries, because its manifest asks for them: so they are part of what is hashed and approved. Must never take one that was not asked for.
import { posix } from 'node:path';
import { filesBounds } from '../capabilities/files/bounds.ts';
import type { Manifest } from '../config/manifest.ts';
import { CloisterError } from '../errors.ts';
import { scriptClosing } from './bundle-request.ts';
import { type PackageFolder, refuseFile } from './package-folder.ts';

/** Path from the package's folder → text. */
type OwnFiles = ReadonlyMap<string, string>;

const askedPaths = (manifest: Manifest | null): readonly string[] => {
  const { files } = (manifest?.capabilities ?? {}) as { readonly files?: { readonly paths?: readonly string[] } };
  return files?.paths ?? [];
};

const namesOf = async (inside: PackageFolder, asked: string): Promise<readonly string[]> => {
  if (!asked.endsWith('*')) return [asked];
  const folder = asked.slice(0, -1);
  return (await inside.list(`/${folder}`)).map((name) => `${folder}${name}`);
};

/** What was asked for and is there, as text. */
export const readOwnFiles = async (inside: PackageFolder, manifest: Manifest | null): Promise<OwnFiles> => {
  const files = new Map<string, string>();
  let bytes = 0;
  for (const asked of askedPaths(manifest))
    for (const name of await namesOf(inside, asked)) {
      if (files.has(name) || (await inside.locate(`/${name}`))?.kind !== 'file') continue;
      const text = await inside.read(`/${name}`, filesBounds.bytes.value - bytes);
      bytes += Buffer.byteLength(text);
      files.set(name, text);
      if (files.size > filesBounds.files.value) refuseFile(`/${name}`, `is one file more than ${filesBounds.files.value}`);
    }
  return files;
};

/** The script with its files: what its code finds them under is where they lie, from the package's folder and from its entry's. */
export const addOwnFiles = (script: string, files: OwnFiles, entryFile: string): string => {
  if (files.size === 0) return script;
  const at = script.lastIndexOf(scriptClosing);
  if (at < 0) throw new CloisterError('ERR_PACKAGE_BUNDLE', 'the bundle does not end as it must');
  const json = JSON.stringify({ entryFolder: posix.dirname(entryFile), files: Object.fromEntries(files) });
  return `${script.slice(0, at)}}, ${JSON.stringify(json)}${script.slice(at + 1)}`;
};
