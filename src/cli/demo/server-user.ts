// Whom the embedded PostgreSQL runs as. It refuses root, so a root host gives it away to another user of the machine; must never create or change users.
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { CloisterError } from '../../errors.ts';

/** `prefix` goes before the command; `uid` and `gid` go to spawn. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
  readonly prefix: readonly string[];
  readonly spawnAs: { readonly uid?: number; readonly gid?: number };
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const readAccounts = (): readonly Account[] =>
  readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid, gid }) => uid > 0 && gid > 0);

/** The checkout's own user before a shared one. initdb needs an account, not just a number. */
export const chooseAccount = (accounts: readonly Account[], ownerUid: number): Account | undefined =>
  accounts.find(({ uid }) => uid === ownerUid) ??
  accounts.find(({ name }) => name === 'postgres') ??
  accounts.find(({ name }) => name === 'nobody');

/** True when `user` may walk down to `path`: each folder above it lets it through. */
const canReach = (path: string, { uid, gid }: Account): boolean => {
  const folder = dirname(path);
  const stat = statSync(folder);
  const bit = stat.uid === uid ? 0o100 : stat.gid === gid ? 0o010 : 0o001;
  if ((stat.mode & bit) === 0) return false;
  return folder === path || folder === '/' || canReach(folder, { name: '', uid, gid });
};

const findOnPath = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });

/** `paths` are what the server must be able to reach: its binaries and its data. */
export const findServerUser = (folder: string, paths: readonly string[]): ServerUser => {
  if (process.getuid?.() !== 0) return { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1, prefix: [], spawnAs: {} };
  const account = chooseAccount(readAccounts(), statSync(folder).uid);
  if (account === undefined) {
    throw new CloisterError(
      'ERR_DATABASE_FAILED',
      'PostgreSQL does not run as root and this machine has neither a `postgres` nor a `nobody` user; run as another user, or give --database-url.',
    );
  }
  const { uid, gid } = account;
  if (paths.every((path) => canReach(path, account))) return { uid, gid, prefix: [], spawnAs: { uid, gid } };
  // A checkout under /root is closed to every other user: the server keeps root's right to pass through folders, but not root's id.
  const setpriv = findOnPath('setpriv');
  if (setpriv === undefined) {
    throw new CloisterError(
      'ERR_DATABASE_FAILED',
      `PostgreSQL does not run as root, and user ${account.name} cannot reach ${folder}; move the checkout to a folder others may enter, run as another user, or give --database-url.`,
    );
  }
  const capability = '+dac_override';
  return {
    uid,
    gid,
    spawnAs: {},
    prefix: [
      setpriv,
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      // initdb asks access(2) for its binaries, which leaves capabilities out of account without this bit.
      '--securebits=+no_setuid_fixup',
      `--inh-caps=${capability}`,
      `--ambient-caps=${capability}`,
      '--',
    ],
  };
};
