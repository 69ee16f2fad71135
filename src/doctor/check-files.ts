// Who else on the machine may read or change what decides: configuration, lock, ledger, the program itself. Must never open one of them.
import { type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { type DoctorCheck, fails, holds, missing } from './finding.ts';

export interface WatchedFile {
  readonly name: string;
  readonly path: string;
  /** It holds what others must not read. */
  readonly secret: boolean;
}

const othersWrite = 0o022;
const othersRead = 0o004;

const find = (file: string): Stats | null => {
  try {
    return statSync(file);
  } catch {
    return null;
  }
};

/** `modes` of permission bits, as `ls` counts them. */
export const judgeModes = ({ name, path: file, secret }: WatchedFile, mode: number, folderMode: number): DoctorCheck => {
  const octal = (mode & 0o777).toString(8);
  // A folder that everybody may write in is safe for what is in it where it is sticky, as /tmp is.
  if ((folderMode & othersWrite) !== 0 && (folderMode & 0o1000) === 0)
    return fails(
      'files',
      name,
      `others may replace ${file}: its folder has the mode ${(folderMode & 0o777).toString(8)}`,
      `chmod go-w ${path.dirname(file)}`,
    );
  if ((mode & othersWrite) !== 0) return fails('files', name, `others may change ${file} (mode ${octal})`, `chmod go-w ${file}`);
  if (secret && (mode & othersRead) !== 0) return fails('files', name, `everybody may read ${file} (mode ${octal})`, `chmod o-r ${file}`);
  return holds('files', name, `${file} has the mode ${octal}`);
};

export const checkFiles = (files: readonly WatchedFile[]): readonly DoctorCheck[] =>
  files.map((file) => {
    if (process.platform === 'win32') return missing('files', file.name, 'Windows has no such modes', 'look at its access list');
    const [found, folder] = [find(file.path), find(path.dirname(file.path))];
    if (found === null) return missing('files', file.name, `${file.path} is not there yet`, '');
    return judgeModes(file, found.mode, folder?.mode ?? 0);
  });
