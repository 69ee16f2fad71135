// A kernel just large enough to run the platform in an isolate for its tests. Guest code; must never be shipped.
import { harden } from '../../kernel/harden.ts';
import type { LogLevel, Zone } from '../hooks.ts';
import type { IncomingMessage as Request } from '../http/incoming-message.ts';
import { streamMembers } from '../http/lazy-readable.ts';
import type { ServerResponse as Response } from '../http/server-response.ts';
import { platform } from '../platform.ts';

type Post = (json: string, body: string | Uint8Array | null) => void;
type App = (req: Request, res: Response, next: (error?: { stack?: string }) => void) => void;

interface Head {
  readonly id: number;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly string[];
  readonly mode: 'none' | 'text' | 'bytes' | 'stream';
}

let post: Post = () => {};
let part: (name: string) => string = () => '';
let zone: Zone | undefined;
let nextTimer = 0;
const timers = new Map<number, { readonly callback: () => void; readonly repeat: boolean; readonly zone: Zone | undefined }>();
const running = new Map<number, { readonly req: Request; readonly res: Response }>();
const say = (kind: string, values: object, body: string | Uint8Array | null = null): void =>
  post(JSON.stringify({ kind, ...values }), body);

const runIn = <Result>(inner: Zone | undefined, fn: () => Result): Result => {
  const outer = zone;
  zone = inner;
  try {
    return fn();
  } finally {
    zone = outer;
  }
};

const nativeThen = Promise.prototype.then;
// biome-ignore lint/suspicious/noThenProperty: this is the then of Promise.prototype itself.
Promise.prototype.then = function then(this: Promise<unknown>, done?: unknown, failed?: unknown) {
  const at = zone;
  const carry = (fn: unknown) => (typeof fn === 'function' ? (value: unknown) => runIn(at, () => fn(value) as unknown) : undefined);
  return nativeThen.call(this, carry(done), carry(failed));
} as typeof nativeThen;

platform.installGlobals(globalThis, {
  setTimer: (callback, ms, repeat) => {
    nextTimer += 1;
    timers.set(nextTimer, { callback, repeat, zone });
    say('timer', { id: nextTimer, ms, repeat });
    return nextTimer;
  },
  clearTimer: (id) => void timers.delete(id),
  random: platform.makeRandom(new Uint8Array(32).fill(7)),
  now: Date.now,
  log: (level: LogLevel, args) => say('log', { level, text: String(args[0]) }),
  env: { NODE_ENV: 'production', GRANTED: 'yes' },
  part: (name) => part(name),
  files: () => ({ read: () => null, list: () => null }),
  egress: () => ({ granted: false, request: () => Promise.reject(new Error('no network in this test')) }),
  zone: {
    get: () => zone,
    run: runIn,
    snapshot: () => {
      const inner = zone;
      return (fn) => runIn(inner, fn);
    },
    enter: (next) => void (zone = next),
  },
});

const require = platform.makeRequire(platform.express);
const app = (platform.express as unknown as () => App & { set(name: string, value: unknown): void })();
/** The application that answers: tests put another in its place for each case. */
const answering = { app };
Object.defineProperty(globalThis, '__answering', { value: answering });
Object.defineProperty(globalThis, '__platform', { value: platform });
Object.defineProperty(globalThis, '__streamMembers', { value: streamMembers });
const shown = (error: unknown): object => {
  const { name, message, code, stack } = error as { name?: string; message?: string; code?: unknown; stack?: string };
  return { name, message, code, stack };
};

const begin = (head: Head, body: string | Uint8Array | null): void => {
  const source =
    head.mode === 'stream'
      ? 'stream'
      : head.mode === 'text'
        ? { text: body as string }
        : head.mode === 'bytes'
          ? { bytes: body as Uint8Array }
          : null;
  const req = new platform.IncomingMessage(
    { method: head.method, url: head.url, headers: head.headers, remoteAddress: '127.0.0.1', encrypted: false },
    source,
  );
  const { id } = head;
  req._onReadMore = () => say('more', { id });
  const res = new platform.ServerResponse(req, {
    respond: (status, headers, whole) => say('respond', { id, status, headers }, whole),
    head: (status, headers) => say('head', { id, status, headers }),
    chunk: (data) => {
      say('chunk', { id }, data);
      return head.headers.includes('x-slow') === false;
    },
    end: () => say('end', { id }),
    abort: () => say('abort', { id }),
  });
  running.set(id, { req, res });
  answering.app(req, res, (error) => say('next', { id, error: error === undefined || error === null ? null : shown(error) }));
};

const evaluate = (id: number, source: string): void => {
  const run = new Function('require', 'app', 'express', `return (async () => { ${source} })()`) as (...args: unknown[]) => Promise<unknown>;
  run(require, app, platform.express).then(
    (value) => say('value', { id, value: value === undefined ? null : value }),
    (error: unknown) => say('threw', { id, error: shown(error) }),
  );
};

const deliver = (kind: string, id: number, text: string, bytes: ArrayBuffer | null): void => {
  const body = bytes === null ? null : new Uint8Array(bytes);
  if (kind === 'eval') evaluate(id, text);
  else if (kind === 'request') {
    const head = JSON.parse(text) as Head & { readonly text?: string };
    begin(head, head.mode === 'text' ? (head.text ?? '') : body);
  } else if (kind === 'push') say('pushed', { id, more: running.get(id)?.req._push(body) ?? false });
  else if (kind === 'drain') running.get(id)?.res._drain();
  else if (kind === 'gone') {
    running.get(id)?.req._abort();
    running.get(id)?.res._close();
  } else if (kind === 'timer') {
    const timer = timers.get(id);
    if (timer?.repeat === false) timers.delete(id);
    if (timer !== undefined) runIn(timer.zone, timer.callback);
    say('fired', { id, live: timers.has(id) });
  }
};

Object.defineProperty(globalThis, '__boot', {
  value: (given: Post, givenPart: (name: string) => string) => {
    post = given;
    part = givenPart;
    // As in the kernel: what the platform puts off must work without what is taken away.
    const own = ['__platform', 'express', ...platform.globalNames].map(
      (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const,
    );
    harden();
    for (const [name, descriptor] of own) if (descriptor !== undefined) Object.defineProperty(globalThis, name, descriptor);
    return deliver;
  },
});
