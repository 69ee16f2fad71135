// Owns the process that bundles. Must never let a source that crashes or hangs it spoil more than its own package.
import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeFirstToGo } from '../wards/first-to-go.ts';
import type { BundleReply, BundleRequest } from './bundle-request.ts';
import { residentMb } from './resident-memory.ts';

export interface Bundler {
  /** One at a time; the others wait. Never rejects. */
  bundle(request: BundleRequest): Promise<BundleReply>;
  close(): Promise<void>;
}

// bundler-process.ts in one file. A checkout runs the sources and builds into dist/; the package holds only dist/.
const processFile = fileURLToPath(
  new URL(`${import.meta.url.endsWith('.ts') ? '../../dist' : '../..'}/bundled/bundler-process.js`, import.meta.url),
);

const startProcess = (): ChildProcess => {
  // A group of its own, so that esbuild's process can be ended with it.
  const child = fork(processFile, [], {
    cwd: path.dirname(processFile),
    env: {},
    execArgv: [],
    detached: true,
    serialization: 'json',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  makeFirstToGo(child.pid);
  child.on('error', () => {
    // Outside a request it concerns a process that is given up anyway.
  });
  return child;
};

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

const killGroup = (child: ChildProcess, pid: number): void => {
  try {
    if (process.platform !== 'win32') process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone, or never was; what is left of it is the process itself.
  }
  child.kill('SIGKILL');
};

/** One that has ended is left alone: its number may be another's by now, and its esbuild ends with its input. */
const endProcess = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    const { pid } = child;
    if (pid === undefined || hasEnded(child)) return resolve();
    child.once('exit', () => resolve());
    killGroup(child, pid);
  });

/** How often the memory of a process at work is looked at. */
const watchMs = 50;

const refusal = (cause: string): BundleReply => ({ ok: false, code: 'ERR_PACKAGE_BUNDLE', cause, spent: true });

const isReply = (value: unknown): value is BundleReply =>
  typeof value === 'object' && value !== null && 'ok' in value && typeof value.ok === 'boolean';

const ask = (child: ChildProcess, request: BundleRequest): Promise<BundleReply> =>
  new Promise((resolve) => {
    const { bundleMs, bundleMb } = request.limits;
    const finish = (reply: BundleReply): void => {
      clearTimeout(timer);
      clearInterval(watch);
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
      resolve(reply);
    };
    const onMessage = (reply: unknown): void => finish(isReply(reply) ? reply : refusal('the bundler answered with something else'));
    const onExit = (): void => finish(refusal('the source ended the bundler: it nests too deep or is too large'));
    const onError = (error: Error): void => finish(refusal(`the bundler cannot be started or reached: ${error.message}`));
    const timer = setTimeout(() => finish(refusal(`takes longer than ${bundleMs} ms to bundle (limit bundleMs)`)), bundleMs);
    // A few megabytes of source can be made to need gigabytes.
    const watch = setInterval(() => {
      if (residentMb(child.pid ?? 0) > bundleMb) finish(refusal(`takes more than ${bundleMb} MB to bundle (limit bundleMb)`));
    }, watchMs);
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
    child.send(request);
  });

export const openBundler = (): Bundler => {
  let child: ChildProcess | null = null;
  let last: Promise<unknown> = Promise.resolve();

  const bundleNow = async (request: BundleRequest): Promise<BundleReply> => {
    const used: ChildProcess = child === null || hasEnded(child) ? startProcess() : child;
    child = used;
    const reply = await ask(used, request);
    if (reply.ok || !reply.spent) return reply;
    // Dead, busy or without its esbuild: the next package gets a new one.
    child = null;
    await endProcess(used);
    return reply;
  };

  return {
    bundle(request) {
      const reply = last.then(() => bundleNow(request));
      last = reply;
      return reply;
    },
    async close() {
      await last;
      if (child !== null) await endProcess(child);
      child = null;
    },
  };
};
