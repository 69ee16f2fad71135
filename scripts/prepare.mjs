// Makes a fresh checkout runnable: installs what is missing, then builds the bundles. Plain JavaScript on Node 20 without node_modules; must never install over a tree that already fits the lockfile.
import { spawnSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const inRoot = (...parts) => join(root, ...parts);
const lockFile = inRoot('.cloister', 'prepare.lock');
const lockWaitMs = 600_000;
const neededMajor = 24;

const fail = (message) => {
  console.error(message);
  process.exit(1);
};

const readIfThere = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Removes a dead holder's lock. The hard link is the right to do so: a second taker cannot make it, and so never removes the lock of the first. */
const removeStaleLock = (holder) => {
  const claim = `${lockFile}.${holder}`;
  try {
    linkSync(lockFile, claim);
  } catch {
    return;
  }
  if (Number(readFileSync(claim, 'utf8')) === holder) rmSync(lockFile, { force: true });
  rmSync(claim, { force: true });
};

/** True when the lock was taken; false when a living process holds it. */
const tryLock = () => {
  const mine = `${lockFile}.new.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    // Link, not write: the lock is never seen empty.
    linkSync(mine, lockFile);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(mine, { force: true });
  }
  const holder = Number(readIfThere(lockFile));
  if (holder > 0 && !isAlive(holder)) removeStaleLock(holder);
  return false;
};

const takeLock = async () => {
  mkdirSync(dirname(lockFile), { recursive: true });
  const giveUpAt = Date.now() + lockWaitMs;
  while (!tryLock()) {
    if (Date.now() > giveUpAt)
      fail(`${lockFile} is held by another npm script for over ${lockWaitMs / 60_000} minutes; end that script or remove the file.`);
    await sleep(100);
  }
  process.on('exit', () => rmSync(lockFile, { force: true }));
};

const run = (what, command, args) => {
  console.log(`${what}…`);
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 * 1024 * 1024 });
  if (done.status === 0) return;
  console.error(`${done.stdout ?? ''}${done.stderr ?? ''}`);
  fail(`${what} failed: ${done.error?.message ?? `exit code ${done.status ?? done.signal}`} (${args.join(' ')})`);
};

/** npm writes node_modules/.package-lock.json last, so a tree that was cut short has none. Packages for other platforms are optional and may be missing. */
const isInstalled = () => {
  const installedFile = inRoot('node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const wanted = JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  return Object.keys(wanted).every((path) => {
    if (path === '') return true;
    const there = Object.hasOwn(installed, path) ? installed[path] : undefined;
    if (there === undefined) return wanted[path].optional === true;
    return there.version === wanted[path].version && there.integrity === wanted[path].integrity;
  });
};

/** npm's own Node, since `node` in a script may be the one inside the tree that `npm ci` is about to remove. */
const install = () => {
  const cli = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund'];
  if (cli?.endsWith('.js')) run('installing dependencies', process.env.npm_node_execpath ?? process.execPath, [cli, ...args]);
  else run('installing dependencies', 'npm', args);
};

/** The Node for the rest: the tree's own, else the one that runs this when it is new enough. */
const findNode = () => {
  const own = inRoot('node_modules', '.bin', 'node');
  if (existsSync(own)) return own;
  if (Number(process.versions.node.split('.')[0]) >= neededMajor) return process.execPath;
  return fail(
    `Cloister needs Node ${neededMajor} and npm has no binary of it for ${process.platform}-${process.arch}; this is Node ${process.versions.node}. ` +
      `Install Node ${neededMajor} (macOS: brew install node@${neededMajor}) and run the command again.`,
  );
};

const newestMs = (path) => {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || path.endsWith('.test.ts')) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))));
};

/** All of the capabilities' folders: a guest.ts may have its own files beside it. */
const sandboxSources = [inRoot('sandbox'), inRoot('src', 'capabilities'), inRoot('package-lock.json')];

/** Runs the script when a source is newer than what it built last into the folder. */
const buildInto = (folder, what, script, sources, node) => {
  if (!existsSync(inRoot(script))) return;
  const stamp = inRoot('dist', folder, '.built');
  const newest = Math.max(...sources.map(newestMs));
  if (newest <= (statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0)) return;
  run(`building ${what}`, node, [script]);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, '');
  // The time of the newest source (rounded up), not of the build's end: what was saved while it ran counts as newer.
  utimesSync(stamp, Math.ceil(newest) / 1000, Math.ceil(newest) / 1000);
};

if (!existsSync(inRoot('package-lock.json'))) fail(`${root} has no package-lock.json: run this from a checkout of Cloister.`);
await takeLock();
if (!isInstalled()) install();
const node = findNode();
buildInto('sandbox', 'the sandbox bundles', 'sandbox/build.ts', sandboxSources, node);
const startSources = [inRoot('scripts', 'bundle.ts'), inRoot('src'), inRoot('package-lock.json')];
buildInto('bundled', 'what starts often', 'scripts/bundle.ts', startSources, node);
