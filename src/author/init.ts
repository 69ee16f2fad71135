// `cloister init`: a package to begin with, from templates/. Must never write over a file that is there.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseExtensionId } from '../config/extension-id.ts';
import { CloisterError } from '../errors.ts';

export interface InitOptions {
  readonly typescript: boolean;
  /** The folder the new one is made in. */
  readonly parent: string;
  /** Cloister's own. */
  readonly version: string;
}

// Beside src/ in a checkout, beside dist/ in the published package.
const templateFolders = ['../../templates', '../../../templates'].map((to) => fileURLToPath(new URL(to, import.meta.url)));

const listFiles = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
};

const findTemplate = async (name: string): Promise<{ readonly folder: string; readonly files: readonly string[] }> => {
  for (const templates of templateFolders) {
    const folder = path.join(templates, name);
    const files = await listFiles(folder).catch(() => null);
    if (files !== null) return { folder, files: files.toSorted() };
  }
  throw new CloisterError('ERR_OPTIONS_INVALID', 'init: the templates are missing from this installation; install cloister again');
};

/** npm leaves files of this name out of a package. */
const withDot = (file: string): string => (file === 'gitignore' ? '.gitignore' : file);

/** What stands in an npm name, in a path and in a URL without quoting. */
const parseName = (name: string): string => {
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(name))
    throw new CloisterError(
      'ERR_OPTIONS_INVALID',
      `init ${name.slice(0, 100)}: expected a name of small letters, digits, "-", "_" and "."`,
    );
  return parseExtensionId(name, 'init');
};

/** Makes the folder `name`; gives the files it wrote, relative to it. */
export const initPackage = async (given: string, { typescript, parent, version }: InitOptions): Promise<readonly string[]> => {
  const name = parseName(given);
  const template = await findTemplate(typescript ? 'typescript' : 'javascript');
  const target = path.join(parent, name);
  try {
    // Not recursive: a folder that is there is somebody's.
    await mkdir(target);
  } catch (error) {
    const cause =
      error instanceof Error && 'code' in error && error.code === 'EEXIST' ? 'is there already' : `cannot be made (${String(error)})`;
    throw new CloisterError('ERR_OPTIONS_INVALID', `init ${name}: the folder ${target} ${cause}; choose another name or place`);
  }
  const written: string[] = [];
  for (const file of template.files) {
    const text = await readFile(path.join(template.folder, file), 'utf8');
    const to = path.join(target, withDot(file));
    await mkdir(path.dirname(to), { recursive: true });
    await writeFile(to, text.replaceAll('CLOISTER_VERSION', `^${version}`).replaceAll('NAME', name), { flag: 'wx' });
    written.push(withDot(file));
  }
  return written;
};
