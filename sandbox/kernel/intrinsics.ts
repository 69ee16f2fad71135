// The built-ins the kernel uses, captured before any extension runs: an extension may patch what it likes, the kernel goes on. Must be imported before everything else.

const { apply } = Reflect;
const uncurry =
  <This, Args extends readonly unknown[], Result>(method: (this: This, ...args: Args) => Result) =>
  (self: This, ...args: Args): Result =>
    apply(method, self, args as never);

export const parseJson: (text: string) => unknown = JSON.parse;
export const stringifyJson: (value: unknown) => string | undefined = JSON.stringify;
export const nativePromise = Promise;
export const resolved: () => Promise<void> = Promise.resolve.bind(Promise) as () => Promise<void>;
export const nativeThen = Promise.prototype.then;
export const nativeResolve = Promise.resolve;
export const isPromise: (value: unknown) => boolean = Object.prototype.isPrototypeOf.bind(Promise.prototype) as (value: unknown) => boolean;
export const dateNow = Date.now;
export const hasOwn = Object.hasOwn;
export const defineProperty = Object.defineProperty;
export const ownKeys = Reflect.ownKeys;
export const keysOf: (value: object) => string[] = Object.keys;
export const isArray = Array.isArray;
export const makeNullObject = (): Record<string, unknown> => Object.create(null) as Record<string, unknown>;
export const toText: (value: unknown) => string = String;
export const reflectApply = apply;
export const NativeError = Error;

export const mapGet = uncurry(Map.prototype.get) as <K, V>(map: Map<K, V>, key: K) => V | undefined;
export const mapSet = uncurry(Map.prototype.set) as <K, V>(map: Map<K, V>, key: K, value: V) => Map<K, V>;
export const mapDelete = uncurry(Map.prototype.delete) as <K, V>(map: Map<K, V>, key: K) => boolean;
export const mapForEach = uncurry(Map.prototype.forEach) as <K, V>(map: Map<K, V>, visit: (value: V, key: K) => void) => void;
const sizeGetter = Object.getOwnPropertyDescriptor(Map.prototype, 'size')?.get as (this: unknown) => number;
export const mapSize = (map: Map<unknown, unknown>): number => apply(sizeGetter, map, []);
export const slice = uncurry(String.prototype.slice) as (text: string, from: number, to?: number) => string;
export const push = uncurry(Array.prototype.push) as <T>(list: T[], item: T) => number;
export const shift = uncurry(Array.prototype.shift) as <T>(list: T[]) => T | undefined;
