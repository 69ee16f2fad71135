// Puts a suggestion where it counts: the package's own package.json, or the operator's configuration. Must never leave half a file, nor follow a link out of the folder.
import { randomBytes } from 'node:crypto';
import { lstat, open, readFile, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import { parseJson } from '../config/json.ts';
import type { Manifest } from '../config/manifest.ts';
import { CloisterError } from '../errors.ts';
import { setInJson } from './edit-json.ts';

const refuse = (file: string, cause: string): CloisterError => new CloisterError('ERR_OPTIONS_INVALID', `${file}: ${cause}`, { file });

/** null: there is none. */
const readPlain = async (file: string): Promise<{ readonly text: string; readonly mode: number } | null> => {
  const stats = await lstat(file).catch(() => null);
  if (stats === null) return null;
  if (!stats.isFile()) throw refuse(file, 'is no plain file; write the manifest there yourself');
  return { text: await readFile(file, 'utf8'), mode: stats.mode & 0o777 };
};

/** A reader sees the file before or the file after, whenever the machine stops. */
const replaceFile = async (file: string, text: string, mode: number): Promise<void> => {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  const handle = await open(temporary, 'wx', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file).catch(async (error: unknown) => {
    await unlink(temporary);
    throw error;
  });
};

const setInFile = async (file: string, keys: readonly string[], value: unknown, fallback: string | null): Promise<void> => {
  const found = await readPlain(file);
  if (found === null && fallback === null) throw refuse(file, 'there is no such file');
  const { text, mode } = found ?? { text: fallback ?? '{}', mode: 0o644 };
  const held = parseJson(text, file, 'ERR_OPTIONS_INVALID');
  if (typeof held !== 'object' || held === null || Array.isArray(held)) throw refuse(file, 'holds no object');
  // One extension's approval in place of everybody's would take away what the others have.
  if (keys[0] === 'approvals' && (held as { readonly approvals?: unknown }).approvals === 'requested')
    throw refuse(file, 'approves what every extension asks; write the approvals by id, then again');
  const changed = setInJson(text, keys, value);
  parseJson(changed, file, 'ERR_OPTIONS_INVALID');
  await replaceFile(file, changed, mode);
};

/** Under `cloister`. A folder without package.json gets one; gives the file. */
export const writeToPackage = async (folder: string, manifest: Manifest): Promise<string> => {
  const file = path.join(folder, 'package.json');
  const fresh = `${JSON.stringify({ name: path.basename(path.resolve(folder)), version: '0.0.0', private: true }, null, 2)}\n`;
  await setInFile(file, ['cloister'], manifest, fresh);
  return file;
};

/** Under `approvals.<id>`: what of it the operator decides, whatever the package asks. */
export const writeToConfig = async (file: string, id: string, { capabilities = {}, limits }: Manifest): Promise<string> => {
  await setInFile(file, ['approvals', id, 'capabilities'], capabilities, null);
  if (limits !== undefined) await setInFile(file, ['approvals', id, 'limits'], limits, null);
  return file;
};
