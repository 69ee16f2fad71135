// What the platform asks of the kernel, and where it finds it. Must never be read while a module is evaluated: in a snapshot build the kernel's side is not there yet.

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** One asynchronous context: what each AsyncLocalStorage holds in it. Never changed, only replaced. */
export type Zone = ReadonlyMap<object, unknown>;

export interface ZoneHooks {
  get(): Zone | undefined;
  /** Runs fn, and every promise reaction and timer it starts, in the zone. */
  run<Result>(zone: Zone | undefined, fn: () => Result): Result;
  /** What runs functions in the zone of now, and on behalf of whom the code of now runs, whenever it is called. */
  snapshot(): <Result>(fn: () => Result) => Result;
  /** Replaces the zone of the code that runs now, for AsyncLocalStorage.enterWith. */
  enter?(zone: Zone | undefined): void;
}

/** A body that comes piece by piece, to one reader. */
export interface BodySource {
  /** How long it is, where that is known. */
  readonly bytes: number | null;
  /** The next piece; null where there is no more. One at a time. */
  read(): Promise<Uint8Array | null>;
  cancel(reason: unknown): void;
}

/** One request to the outside, as the capability `fetch` takes and answers it. */
export interface Outgoing {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: { readonly text: string } | { readonly base64: string } | { readonly source: BodySource };
  readonly redirect: string;
}
export interface Incoming {
  readonly url: string;
  readonly status: number;
  readonly statusText: string;
  readonly redirected: boolean;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: { readonly text: string } | { readonly bytes: Uint8Array } | { readonly source: BodySource } | null;
}
export interface Egress {
  readonly granted: boolean;
  /** Rejects with an Error that carries `code`. `signal` gives it up. */
  request(outgoing: Outgoing, signal: AbortSignal | null): Promise<Incoming>;
}

/** Files of the extension's own package, by absolute path in the cell. */
export interface OwnFiles {
  /** null: there is no such file. */
  read(path: string): string | null;
  /** Names in a folder; null: there is none. */
  list(path: string): readonly string[] | null;
}

export interface PlatformHooks {
  /** Calls back after at least ms; with repeat, again and again. The id is a positive integer. */
  setTimer(callback: () => void, ms: number, repeat: boolean): number;
  clearTimer(id: number): void;
  /** Fills with unpredictable bytes; see makeRandom. */
  random(bytes: Uint8Array): void;
  /** Milliseconds since the epoch, as coarse as the kernel likes. */
  now(): number;
  log(level: LogLevel, args: readonly unknown[]): void;
  /** The very object guests see as process.env. */
  env: Record<string, string>;
  readonly zone: ZoneHooks;
  /** The text of a part of the platform that is not in the image: see parts.ts. */
  part(name: string): string;
  egress(): Egress;
  files(): OwnFiles;
}

let bound: PlatformHooks | undefined;

/** One isolate has one kernel: the third-party modules of the bundle need process and timers at module level, so this cannot be a parameter. */
export const bindHooks = (hooks: PlatformHooks): void => {
  bound = hooks;
};

export const hooks = (): PlatformHooks => {
  if (bound === undefined) throw new Error('the platform was used before installGlobals() gave it its hooks');
  return bound;
};

const noEnv: Record<string, string> = {};

/** Express reads NODE_ENV while it loads, which may be before the kernel has bound anything. */
export const environment = (): Record<string, string> => bound?.env ?? noEnv;
