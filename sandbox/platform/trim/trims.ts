// What the guest bundle has in place of third-party modules that need a machine or more room than they are worth. Data for sandbox/build.ts; must hold no code.

/** A file of this folder (or above it), and how a CommonJS require() of the replaced module sees it. */
export interface StandIn {
  readonly file: string;
  /** The export that becomes module.exports; without it the whole namespace does. */
  readonly export?: string;
}

const builtin = (file: string, name: string): StandIn => ({ file: `../builtins/${file}.ts`, export: name });

/** A module whose every member throws when it is called. */
export const refusing = (name: string): StandIn => ({ file: '../builtins/refusing.ts', export: `makeRefusing(${JSON.stringify(name)})` });

/** By the name that is imported; node built-ins without their `node:`. */
export const standIns: Readonly<Record<string, StandIn>> = {
  debug: { file: 'debug.ts', export: 'default' },
  depd: { file: 'depd.ts', export: 'default' },
  'iconv-lite': { file: 'iconv-lite.ts' },
  'serve-static': { file: 'serve-static.ts', export: 'default' },
  'side-channel': { file: 'side-channel.ts', export: 'default' },
  'abort-controller': { file: 'abort-controller.ts' },
  'process/': { file: '../globals/process.ts', export: 'process' },
  tr46: { file: 'tr46.ts' },
  'whatwg-url': { file: 'whatwg-url.ts' },
  'webidl-conversions': { file: 'webidl-conversions.ts' },
  assert: builtin('assert', 'assert'),
  async_hooks: builtin('async-hooks', 'asyncHooks'),
  crypto: { file: 'crypto.ts', export: 'default' },
  diagnostics_channel: builtin('diagnostics-channel', 'diagnosticsChannel'),
  fs: builtin('fs', 'fs'),
  http: builtin('http', 'http'),
  net: { file: 'net.ts', export: 'default' },
  os: builtin('machine', 'os'),
  process: { file: '../globals/process.ts', export: 'process' },
  stream: builtin('stream', 'stream'),
  destroy: { file: 'destroy.ts', export: 'default' },
  'http-errors': { file: 'http-errors.ts', export: 'default' },
  'mime-types': { file: 'mime-types.ts' },
  querystring: builtin('querystring', 'querystring'),
  timers: builtin('timers', 'timers'),
  tty: builtin('machine', 'tty'),
  util: builtin('util', 'util'),
  zlib: { file: 'zlib.ts', export: 'default' },
  colorette: { file: 'colorette.ts' },
  pg: refusing('pg'),
  'pg-query-stream': refusing('pg-query-stream'),
  tarn: { file: 'tarn.ts' },
};

/** By profile: `send` is all Express 4 has of media types. */
export const sendStandIn = {
  4: { file: 'send.ts', export: 'default' },
  5: { file: 'send-5.ts', export: 'default' },
} as const satisfies Record<4 | 5, StandIn>;

/** Names that mean a package: the trailing slash keeps the built-in of the same name out. */
export const packages: Readonly<Record<string, string>> = {
  // Its index is a Readable with everything on it; node's stream is the older Stream with everything on it.
  'readable-stream': 'readable-stream/lib/stream.js',
  buffer: 'buffer/',
  events: 'events/',
  string_decoder: 'string_decoder/',
  path: 'path-browserify',
  url: 'url/',
  punycode: 'punycode/',
  'punycode/': 'punycode/',
  inherits: 'inherits/inherits_browser.js',
  // Legacy multi-byte charsets are 150 KB of tables.
  '@exodus/bytes/encoding.js': '@exodus/bytes/encoding-lite.js',
};

/** Single files of packages, by the end of their path. */
export const fileStandIns: readonly { readonly path: RegExp; readonly standIn: StandIn }[] = [
  { path: /\/express4?\/lib\/view\.js$/, standIn: { file: 'view.ts', export: 'default' } },
  { path: /\/knex\/lib\/migrations\/migrate\/Migrator\.js$/, standIn: { file: 'no-migrations.ts' } },
  { path: /\/knex\/lib\/migrations\/seed\/Seeder\.js$/, standIn: { file: 'no-migrations.ts', export: 'Seeder' } },
  { path: /\/brotli\/dec\/dictionary-data\.js$/, standIn: { file: 'brotli-dictionary.ts' } },
  { path: /\/whatwg-url\/lib\/encoding\.js$/, standIn: { file: 'url-encoding.ts' } },
];

/** Changes of single lines. The build fails unless each is found exactly `times` times. */
export const patches: readonly { readonly path: RegExp; readonly find: string; readonly replace: string; readonly times: number }[] = [
  // Tags are made by the host, which has a native SHA-1. A mounted sub-app sets its own default, so switching it off on the app would not be enough.
  { path: /\/express4?\/lib\/application\.js$/, find: "this.set('etag', 'weak')", replace: "this.set('etag', false)", times: 1 },
  // A body without a tag may stay text however long it is: UTF-8 is made natively outside the isolate.
  { path: /\/express4?\/lib\/response\.js$/, find: '!generateETag && chunk.length < 1000', replace: '!generateETag', times: 1 },
  // Tools that list routes look for layers named router; the minifier takes the name of a function, not one it is given.
  {
    path: /\/node_modules\/router\/index\.js$/,
    find: 'function router (req, res, next) {\n    router.handle(req, res, next)\n  }',
    replace:
      "const router = Object.defineProperty(function (req, res, next) { router.handle(req, res, next) }, 'name', { value: 'router', configurable: true })",
    times: 1,
  },
  {
    path: /\/express4\/lib\/router\/index\.js$/,
    find: 'function router(req, res, next) {\n    router.handle(req, res, next);\n  }',
    replace:
      "const router = Object.defineProperty(function (req, res, next) { router.handle(req, res, next) }, 'name', { value: 'router', configurable: true });",
    times: 1,
  },
  // Async generators are lowered here, so the prototype it looks for is not found; neither URL class has an async iterator.
  {
    path: /\/whatwg-url\/lib\/utils\.js$/,
    find: 'Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype)',
    replace: '{}',
    times: 1,
  },
  // A look at the global Blob would evaluate fetch's classes, which stand on these streams.
  {
    path: /\/readable-stream\/lib\/(?:ours\/util|internal\/streams\/duplexify)\.js$/,
    find: 'const Blob = globalThis.Blob || bufferModule.Blob',
    replace: "const Blob = { [Symbol.hasInstance]: (b) => typeof b?.arrayBuffer === 'function' && typeof b.stream === 'function' }",
    times: 1,
  },
  // The kernel takes SharedArrayBuffer away; nothing in the isolate is one.
  {
    path: /\/whatwg-url\/lib\/utils\.js$/,
    find: 'Object.getOwnPropertyDescriptor(SharedArrayBuffer.prototype, "byteLength").get',
    replace: 'undefined',
    times: 1,
  },
  // Node's own code on the error, which libraries test.
  {
    path: /\/whatwg-url\/lib\/URL-impl\.js$/,
    find: 'throw new TypeError(`Invalid URL: ${url}`)',
    replace: "throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: url })",
    times: 1,
  },
];

/** Media types that are kept; of the others an extension names the full type itself. The rest of mime-db is four fifths of it. */
export const keepsMediaType = (type: string): boolean => !rareTypes.test(type) || usualTypes.test(type);
const rareTypes =
  /^application\/(vnd\.|x-)|^(chemical|model|x-conference|x-shader|message)\/|^application\/(?!json|xml|xhtml)[a-z0-9-]+\+xml$/;
const usualTypes =
  /^application\/(atom|rss|soap|mathml|xslt|rdf|dash)\+xml$|ms-(excel|powerpoint|fontobject)|openxmlformats|oasis\.opendocument|x-(7z|tar|gzip|bzip|rar|sh$|font|www-form|xz|sql|java|web-app|iso9660|apple-disk|debian|redhat|msdownload|x509|pem|bittorrent|tex|latex)|google-earth|android\.package|apple\.(installer|pkpass|mpegurl)|vnd\.(api\+json|rar|visio)/;
