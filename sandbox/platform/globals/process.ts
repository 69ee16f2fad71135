// process as far as an extension may know it: the granted environment and constants of a plain Node. Must never tell anything of the real process.
import { environment, hooks } from '../hooks.ts';
import { makeNotGranted } from '../http/node-error.ts';
import { uptimeMs } from './performance.ts';
import { queueMicrotask } from './timers.ts';

type Callback = (...args: unknown[]) => unknown;

const hrtime = Object.assign(
  (before?: readonly [number, number]): [number, number] => {
    const ms = uptimeMs();
    const seconds = Math.floor(ms / 1000) - (before?.[0] ?? 0);
    const nanos = (ms % 1000) * 1_000_000 - (before?.[1] ?? 0);
    return nanos < 0 ? [seconds - 1, nanos + 1_000_000_000] : [seconds, nanos];
  },
  { bigint: (): bigint => BigInt(uptimeMs()) * 1_000_000n },
);

const makeOutput = (level: 'info' | 'error', fd: number): object => ({
  isTTY: false,
  fd,
  writable: true,
  columns: 80,
  write: (text: unknown, encoding?: unknown, callback?: unknown): boolean => {
    hooks().log(level, [String(text).replace(/\n$/, '')]);
    const done = typeof encoding === 'function' ? encoding : callback;
    if (typeof done === 'function') queueMicrotask(done);
    return true;
  },
  end: (): void => {},
  on: self,
  once: self,
  emit: (): boolean => false,
  removeListener: self,
});

function self(this: unknown): unknown {
  return this;
}

const zeroMemory = { rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 };

export const process = {
  // As node's: it is how axios tells which of its clients to use, and node:http is there.
  get [Symbol.toStringTag](): string {
    return 'process';
  },
  get env(): Record<string, string> {
    return environment();
  },
  nextTick: (callback: unknown, ...args: unknown[]): void => {
    queueMicrotask(args.length === 0 || typeof callback !== 'function' ? callback : () => (callback as Callback)(...args));
  },
  cwd: (): string => '/',
  chdir: (): never => {
    throw makeNotGranted('process.chdir');
  },
  title: 'node',
  version: 'v24.0.0',
  versions: { node: '24.0.0', v8: '13.6.233.8-node.10', modules: '137' },
  release: { name: 'node' },
  platform: 'linux',
  arch: 'x64',
  argv: [] as string[],
  argv0: 'node',
  execArgv: [] as string[],
  execPath: '/usr/local/bin/node',
  exitCode: undefined as number | undefined,
  pid: 1,
  ppid: 0,
  features: {},
  config: { variables: {} },
  report: undefined,
  browser: false,
  on: self,
  once: self,
  off: self,
  addListener: self,
  removeListener: self,
  removeAllListeners: self,
  prependListener: self,
  setMaxListeners: self,
  emit: (): boolean => false,
  listeners: (): readonly unknown[] => [],
  listenerCount: (): number => 0,
  emitWarning: (warning: unknown): void =>
    hooks().log('warn', [warning instanceof Error ? `${warning.name}: ${warning.message}` : String(warning)]),
  stdout: makeOutput('info', 1),
  stderr: makeOutput('error', 2),
  stdin: { isTTY: false, fd: 0, on: self, once: self, resume: self, pause: self },
  hrtime,
  uptime: (): number => uptimeMs() / 1000,
  memoryUsage: Object.assign(() => ({ ...zeroMemory }), { rss: () => 0 }),
  cpuUsage: () => ({ user: 0, system: 0 }),
  umask: (): number => 18,
  getuid: (): number => 65_534,
  exit: (): never => {
    throw makeNotGranted('process.exit');
  },
  abort: (): never => {
    throw makeNotGranted('process.abort');
  },
  kill: (): never => {
    throw makeNotGranted('process.kill');
  },
  binding: (): never => {
    throw makeNotGranted('process.binding');
  },
};
