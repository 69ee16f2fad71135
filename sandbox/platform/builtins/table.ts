// Which node built-ins a guest can require and what it gets. Must never hold one that reaches outside the isolate.
import { performance } from '../globals/performance.ts';
import { process } from '../globals/process.ts';
import { lazyFetch } from '../lazy.ts';
import { nameMembers } from '../names.ts';
import { makeRefusing } from './refusing.ts';

// esbuild turns each require() with a literal into a call of that module's wrapper; no require exists when this runs.
declare const require: (name: string) => unknown;

type Namespace = Readonly<Record<string, unknown>>;

/** A named export of a module that is evaluated at first use. */
const named = (read: () => unknown, name: string) => (): unknown => (read() as Namespace)[name];
const machine = (name: string): (() => unknown) => named(() => require('./machine.ts'), name);
/** A module that extensions import, mostly without using it. */
const refused = (name: string) => (): unknown => makeRefusing(name);

const bufferModule = (): unknown => {
  const base = require('buffer/') as Namespace;
  const { Buffer } = require('../globals/buffer.ts') as Namespace;
  const { atob, btoa } = require('../globals/base64.ts') as Namespace;
  const isUtf8 = (bytes: Uint8Array): boolean =>
    !(Buffer as { from(bytes: Uint8Array): { toString(): string } }).from(bytes).toString().includes('\ufffd');
  return {
    Buffer,
    SlowBuffer: base.SlowBuffer,
    get Blob(): unknown {
      return lazyFetch().Blob;
    },
    get File(): unknown {
      return lazyFetch().File;
    },
    atob,
    btoa,
    isUtf8,
    isAscii: (bytes: Uint8Array): boolean => bytes.every((byte) => byte < 0x80),
    kMaxLength: base.kMaxLength,
    INSPECT_MAX_BYTES: 50,
    constants: { MAX_LENGTH: base.kMaxLength, MAX_STRING_LENGTH: 536_870_888 },
  };
};

interface PathParts {
  readonly base?: string;
  readonly ext?: string;
}

/** Since Node 19 an extension without its dot gets one. */
const formatPath =
  (format: (parts: PathParts) => string) =>
  (parts: PathParts): string =>
    format(parts?.base === undefined && parts?.ext && !parts.ext.startsWith('.') ? { ...parts, ext: `.${parts.ext}` } : parts);

const pathModule = (): unknown => {
  const path = require('path-browserify') as Namespace;
  const posix: Record<string, unknown> = {
    ...path,
    format: formatPath(path.format as (parts: PathParts) => string),
    toNamespacedPath: (name: string): string => name,
  };
  posix.posix = posix;
  posix.win32 = makeRefusing('path.win32');
  return posix;
};

const punycodeModule = (): unknown => {
  const punycode = require('punycode/') as Namespace;
  return punycode.default ?? punycode;
};

/** Names of node's insides that old packages import. */
const streamFiles = Object.fromEntries(
  ['Readable', 'Writable', 'Duplex', 'Transform', 'PassThrough'].map(
    (name) =>
      [
        `_stream_${name.toLowerCase()}`,
        named(
          named(() => require('./stream.ts'), 'stream'),
          name,
        ),
      ] as const,
  ),
);

/** Can be imported, looked at and extended, and throw when they are used. */
const refusedNames = [
  '_http_agent',
  '_http_client',
  '_http_common',
  '_http_incoming',
  '_http_outgoing',
  '_http_server',
  '_stream_wrap',
  '_tls_common',
  '_tls_wrap',
  'child_process',
  'dgram',
  'dns',
  'dns/promises',
  'domain',
  'http2',
  'inspector',
  'inspector/promises',
  'readline',
  'readline/promises',
  'repl',
  'sea',
  'sqlite',
  'test',
  'test/reporters',
  'trace_events',
  'v8',
  'vm',
  'wasi',
] as const;

const makeReaders = (): ReadonlyMap<string, () => unknown> =>
  new Map(
    Object.entries({
      assert: named(() => require('./assert.ts'), 'assert'),
      'assert/strict': () => (named(() => require('./assert.ts'), 'assert')() as Namespace).strict,
      async_hooks: named(() => require('./async-hooks.ts'), 'asyncHooks'),
      buffer: bufferModule,
      cluster: machine('cluster'),
      console: () => (globalThis as Namespace).console,
      constants: () => ({}),
      crypto: named(() => require('./crypto.ts'), 'nodeCrypto'),
      diagnostics_channel: named(() => require('./diagnostics-channel.ts'), 'diagnosticsChannel'),
      events: named(() => require('./events.ts'), 'events'),
      fs: named(() => require('./fs.ts'), 'fs'),
      'fs/promises': named(() => require('./fs.ts'), 'fsPromises'),
      http: named(() => require('./http.ts'), 'http'),
      https: named(() => require('./http.ts'), 'https'),
      net: named(() => require('../trim/net.ts'), 'default'),
      os: machine('os'),
      path: pathModule,
      'path/posix': pathModule,
      'path/win32': () => (pathModule() as Namespace).win32,
      perf_hooks: () => ({ performance, ...(machine('perfHooksExtra')() as object) }),
      process: () => process,
      punycode: punycodeModule,
      querystring: named(() => require('./querystring.ts'), 'querystring'),
      stream: named(() => require('./stream.ts'), 'stream'),
      'stream/consumers': named(() => require('./stream.ts'), 'streamConsumers'),
      'stream/web': () => (require('./stream.ts') as { streamWeb(): unknown }).streamWeb(),
      'stream/promises': () => (require('./stream.ts') as { streamPromises(): unknown }).streamPromises(),
      string_decoder: () => require('string_decoder/'),
      sys: named(() => require('./util.ts'), 'util'),
      timers: named(() => require('./timers.ts'), 'timers'),
      'timers/promises': named(() => require('./timers.ts'), 'timersPromises'),
      tls: machine('tls'),
      tty: machine('tty'),
      url: named(() => require('./url.ts'), 'url'),
      util: named(() => require('./util.ts'), 'util'),
      'util/types': named(() => require('./util-types.ts'), 'types'),
      worker_threads: machine('workerThreads'),
      zlib: named(() => require('./zlib.ts'), 'zlib'),
      ...streamFiles,
      ...Object.fromEntries(refusedNames.map((name) => [name, refused(name)] as const)),
    }),
  );

/** Answers with the built-in of that name, always the same object; undefined for names node does not have either. */
export const makeBuiltins = (): { read(name: string): unknown; readonly names: readonly string[] } => {
  const readers = makeReaders();
  const made = new Map<string, unknown>();
  return {
    names: [...readers.keys()],
    read: (name) => {
      const known = made.get(name);
      if (known !== undefined) return known;
      const value = readers.get(name)?.();
      if ((typeof value === 'object' && value !== null) || typeof value === 'function') nameMembers(value);
      if (value !== undefined) made.set(name, value);
      return value;
    },
  };
};
