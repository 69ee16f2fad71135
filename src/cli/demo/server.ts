// Starts and stops one PostgreSQL server. It must never outlive the process that started it, however that process ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloisterError } from '../../errors.ts';
import type { ServerUser } from './server-user.ts';

export interface Server {
  readonly pid: number;
  close(): Promise<void>;
}

export interface ServerStart {
  readonly command: string;
  readonly data: string;
  readonly port: number;
  readonly user: ServerUser;
  readonly flags: readonly string[];
}

const startMs = 60_000;
const stopMs = 10_000;
const pollMs = 50;

// The shell waits for the end of its standard input, which comes when the host closes it or dies, by SIGKILL too: then the
// server gets SIGINT, PostgreSQL's "end all sessions and stop". It leads a group of its own, so Ctrl-C reaches the host alone.
const keeper = 'exec 3<&0; "$@" </dev/null 3<&- & server=$!; (read -r _ <&3; kill -INT "$server") 2>/dev/null & exec 3<&-; wait "$server"';

const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** A zombie is no server any more, though its number still takes signals; it has an empty command line. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return readIfThere(`/proc/${pid}/cmdline`) !== '';
};

/** postmaster.pid: line 1 the pid, line 2 the data folder as the server knows it. */
const parsePidFile = (text: string): { readonly pid: number; readonly data: string } => {
  const [pid = '', data = ''] = text.split('\n');
  return { pid: Number.parseInt(pid, 10), data };
};

const waitForEnd = async (pid: number): Promise<boolean> => {
  for (const until = Date.now() + stopMs; Date.now() < until; await sleep(pollMs)) if (!isAlive(pid)) return true;
  return false;
};

/** After an unclean stop: ends a server that still holds the folder, and removes a pid file whose number another process has by now. */
export const recoverFolder = async (data: string): Promise<void> => {
  const pidFile = join(data, 'postmaster.pid');
  const text = readIfThere(pidFile);
  if (text === undefined) return;
  const { pid } = parsePidFile(text);
  if (!(pid > 1) || !isAlive(pid)) return;
  // Where there is no /proc the number alone has to do; PostgreSQL itself then refuses a live one.
  const commandLine = readIfThere(`/proc/${pid}/cmdline`);
  if (commandLine === undefined) return;
  if (!commandLine.includes(data)) return rmSync(pidFile, { force: true });
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    process.kill(pid, signal);
    if (await waitForEnd(pid)) return;
  }
};

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });

const stop = async (child: ChildProcess, data: string): Promise<void> => {
  const { pid } = parsePidFile(readIfThere(join(data, 'postmaster.pid')) ?? '');
  child.stdin?.end();
  const done = ended(child);
  const timedOut = Symbol('timed out');
  if ((await Promise.race([done, sleep(stopMs, timedOut, { ref: false })])) !== timedOut) return;
  if (pid > 1) process.kill(pid, 'SIGQUIT');
  await done;
};

/** Resolves when the server takes connections. */
export const openServer = ({ command, data, port, user, flags }: ServerStart): Promise<Server> => {
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'lc_messages=C', ...flags];
  const server = [...user.prefix, command, '-D', data, ...settings.flatMap((setting) => ['-c', setting])];
  const child = spawn('/bin/sh', ['-c', keeper, 'cloister-postgres', ...server], {
    ...user.spawnAs,
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
  });
  child.stdin.on('error', () => undefined);
  let close: Promise<void> | undefined;
  return new Promise((resolve, reject) => {
    let log = '';
    const timer = setTimeout(() => child.stdin.end(), startMs);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      child.stdin.destroy();
      reject(new CloisterError('ERR_DATABASE_FAILED', `PostgreSQL did not start in ${data} (exit code ${code}): ${log.trim()}`));
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4_096);
      if (!log.includes('database system is ready to accept connections')) return;
      clearTimeout(timer);
      resolve({
        pid: parsePidFile(readIfThere(join(data, 'postmaster.pid')) ?? '').pid,
        close: () => {
          close ??= stop(child, data);
          return close;
        },
      });
    });
  });
};
