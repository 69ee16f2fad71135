// An archive as the folder of a package, in memory. Must never write a file, nor let a name in it become a path on the host.
import path from 'node:path';
import { showText } from '../config/show.ts';
import { type ArchivedFiles, type OpenedArchive, openDeployed, openSealed } from './archive-form.ts';
import { makeMemoryFolder } from './memory-folder.ts';
import { type PackageFolder, readRegularFile, refuseFile } from './package-folder.ts';

/** How an archive's file name ends. */
export const archiveEnding = '.cloister';
export const isArchiveName = (name: string): boolean => name.endsWith(archiveEnding);

export interface ArchiveFolder {
  readonly inside: PackageFolder;
  readonly files: ArchivedFiles;
  /** SHA-256 of the public key it was signed with; null: nobody looked. */
  readonly key: string | null;
}

type OpenText = (text: string, where: string, trustedKeys: readonly string[]) => OpenedArchive;

const openBytes = (bytes: Uint8Array, where: string, maxBytes: number, trustedKeys: readonly string[], open: OpenText): ArchiveFolder => {
  if (bytes.byteLength > maxBytes) return refuseFile(where, `has ${bytes.byteLength} bytes, over the limit of ${maxBytes}`);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const { files, key } = open(text, where, trustedKeys);
  return { inside: makeMemoryFolder(files), files, key };
};

/** What somebody deployed. `where` names it in what is refused. */
export const openArchiveBytes = (bytes: Uint8Array, where: string, maxBytes: number, trustedKeys: readonly string[]): ArchiveFolder =>
  openBytes(bytes, where, maxBytes, trustedKeys, openDeployed);

/** What lies in a folder. `file`: a path without links. */
export const openArchive = async (file: string, maxBytes: number, trustedKeys: readonly string[]): Promise<ArchiveFolder> => {
  const where = showText(path.basename(file), 200);
  return openBytes(await readRegularFile(file, where, maxBytes), where, maxBytes, trustedKeys, openSealed);
};
