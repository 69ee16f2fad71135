// What node:os and the process-wide modules say of a machine that is not there: constants. Must never tell anything of the real one.
import { uptimeMs } from '../globals/performance.ts';
import { makeNotGranted } from '../http/node-error.ts';
import { lazyMessages } from '../lazy.ts';
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
  // Of values that would go to another thread: none does.
  markAsUncloneable: (): void => {},
  markAsUntransferable: (): void => {},
  isMarkedAsUntransferable: (): boolean => false,
  get MessageChannel(): unknown {
    return lazyMessages().MessageChannel;
  },
  get MessagePort(): unknown {
    return lazyMessages().MessagePort;
  },
});

export const cluster = makeRefusing('cluster', { isPrimary: true, isMaster: true, isWorker: false, workers: {}, settings: {} });

/** http2-wrapper, which got bundles, makes one over a stream while it loads, to get at a class of node's insides. */
class JSStreamSocket {}
class TLSSocket {
  readonly _handle = { _parentWrap: new JSStreamSocket() };
  constructor(over?: unknown) {
    if (over === undefined) throw makeNotGranted('tls.TLSSocket');
  }
}
Object.setPrototypeOf(TLSSocket.prototype, makeRefusing('tls.TLSSocket'));

export const tls = makeRefusing('tls', {
  TLSSocket,
  rootCertificates: [],
  DEFAULT_MIN_VERSION: 'TLSv1.2',
  DEFAULT_MAX_VERSION: 'TLSv1.3',
  DEFAULT_CIPHERS: '',
  DEFAULT_ECDH_CURVE: 'auto',
  CLIENT_RENEG_LIMIT: 3,
  CLIENT_RENEG_WINDOW: 600,
  getCiphers: none,
});

class PerformanceObserver {
  static readonly supportedEntryTypes: readonly string[] = [];
  observe(): void {}
  disconnect(): void {}
}

export const perfHooksExtra = { PerformanceObserver, constants: {} };
