// What node:os and the process-wide modules say of a machine that is not there: constants. Must never tell anything of the real one.
import { uptimeMs } from '../globals/performance.ts';
import { makeRefusing } from './refusing.ts';

const none = (): readonly unknown[] => [];

export const os = {
  EOL: '\n',
  devNull: '/dev/null',
  arch: (): string => 'x64',
  availableParallelism: (): number => 1,
  cpus: none,
  endianness: (): string => 'LE',
  freemem: (): number => 0,
  homedir: (): string => '/',
  hostname: (): string => 'localhost',
  loadavg: (): number[] => [0, 0, 0],
  machine: (): string => 'x86_64',
  networkInterfaces: (): object => ({}),
  platform: (): string => 'linux',
  release: (): string => '',
  tmpdir: (): string => '/tmp',
  totalmem: (): number => 0,
  type: (): string => 'Linux',
  uptime: (): number => uptimeMs() / 1000,
  userInfo: (): object => ({ username: 'guest', uid: 65_534, gid: 65_534, shell: null, homedir: '/' }),
  version: (): string => '',
  constants: { signals: {}, errno: {}, priority: {} },
};

class InertStream {
  readonly isTTY = false;
}

export const tty = { isatty: (): boolean => false, ReadStream: InertStream, WriteStream: InertStream };

export const workerThreads = makeRefusing('worker_threads', {
  isMainThread: true,
  parentPort: null,
  workerData: null,
  threadId: 0,
  resourceLimits: {},
});

export const cluster = makeRefusing('cluster', { isPrimary: true, isMaster: true, isWorker: false, workers: {}, settings: {} });

class PerformanceObserver {
  static readonly supportedEntryTypes: readonly string[] = [];
  observe(): void {}
  disconnect(): void {}
}

export const perfHooksExtra = { PerformanceObserver, constants: {} };
