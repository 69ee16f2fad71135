// The data folder of the embedded PostgreSQL: made once, whole or not at all. Must never touch a folder that another version made.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloisterError } from '../../errors.ts';
import type { PostgresBinaries } from './binaries.ts';
import type { ServerUser } from './server-user.ts';

export interface Cluster {
  readonly data: string;
  readonly password: string;
}

const serverMajor = '18';

/** The folder and the password file under `folder`, before anything is made. */
const pathsIn = (folder: string) => ({
  data: join(folder, 'postgres'),
  unfinished: join(folder, 'postgres.unfinished'),
  passwordFile: join(folder, 'postgres-password'),
});

export const dataFolderIn = (folder: string): string => pathsIn(folder).data;

const runInitdb = (binaries: PostgresBinaries, user: ServerUser, data: string, passwordFile: string): Promise<void> => {
  const flags = ['--auth=scram-sha-256', '--username=postgres', '--encoding=UTF8', '--locale=C', '--no-sync'];
  const [command = '', ...args] = [...user.prefix, binaries.initdb, `--pgdata=${data}`, `--pwfile=${passwordFile}`, ...flags];
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...user.spawnAs, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-4_096);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new CloisterError('ERR_DATABASE_FAILED', `initdb failed in ${data} (exit code ${code}): ${complaint.trim()}`));
    });
  });
};

const checkVersion = (data: string): void => {
  const version = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  if (version === serverMajor) return;
  throw new CloisterError(
    'ERR_DATABASE_FAILED',
    `${data} was made by PostgreSQL ${version}, the binaries are ${serverMajor}; move the folder away to start afresh.`,
    { found: version, expected: serverMajor },
  );
};

const checkOwner = (data: string, { uid }: ServerUser): void => {
  const owner = statSync(data).uid;
  if (owner === uid) return;
  throw new CloisterError(
    'ERR_DATABASE_FAILED',
    `${data} belongs to user ${owner}, but the server would run as user ${uid}; run as the user who made it, or move the folder away.`,
  );
};

const createCluster = async (folder: string, binaries: PostgresBinaries, user: ServerUser): Promise<void> => {
  const { data, unfinished, passwordFile } = pathsIn(folder);
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  const handedPassword = join(unfinished, 'password');
  const password = randomBytes(24).toString('base64url');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  writeFileSync(handedPassword, password, { mode: 0o600 });
  if (process.getuid?.() === 0) for (const path of [unfinished, handedPassword]) chownSync(path, user.uid, user.gid);
  await runInitdb(binaries, user, join(unfinished, 'data'), handedPassword);
  // The rename is what makes a cluster: an initdb that was cut short is thrown away by the next start.
  renameSync(join(unfinished, 'data'), data);
  rmSync(unfinished, { recursive: true, force: true });
};

export const openCluster = async (folder: string, binaries: PostgresBinaries, user: ServerUser): Promise<Cluster> => {
  const { data, passwordFile } = pathsIn(folder);
  if (!existsSync(data)) await createCluster(folder, binaries, user);
  checkVersion(data);
  checkOwner(data, user);
  if (!existsSync(passwordFile)) {
    throw new CloisterError(
      'ERR_DATABASE_FAILED',
      `${passwordFile} is missing, and without it nobody gets into ${data}; restore it, or move ${data} away to start afresh.`,
    );
  }
  return { data, password: readFileSync(passwordFile, 'utf8').trim() };
};
