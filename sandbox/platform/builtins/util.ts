// node:util. Must never inspect by running a guest's code where node would not.
import { makeArgumentError, makeNodeError } from '../http/node-error.ts';
import { lazyAbort, lazyEncoding, lazyInspect } from '../lazy.ts';
import { isDeepStrictEqual } from './deep-equal.ts';
import { types } from './util-types.ts';

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

const promisifyCustom = Symbol.for('nodejs.util.promisify.custom');
const inspectCustom = Symbol.for('nodejs.util.inspect.custom');

const checkFunction = (value: unknown, name: string): AnyFunction => {
  if (typeof value !== 'function') throw makeArgumentError(name, 'of type function', value);
  return value as AnyFunction;
};

const promisify = Object.assign(
  (original: unknown): unknown => {
    const fn = checkFunction(original, 'original');
    const custom = (fn as unknown as Record<symbol, unknown>)[promisifyCustom];
    if (custom !== undefined) return checkFunction(custom, 'util.promisify.custom');
    const promised = function promised(this: unknown, ...args: unknown[]): Promise<unknown> {
      return new Promise((resolve, reject) => {
        fn.call(this, ...args, (error: unknown, value: unknown) => (error ? reject(error) : resolve(value)));
      });
    };
    Object.setPrototypeOf(promised, Object.getPrototypeOf(fn));
    return Object.defineProperties(promised, Object.getOwnPropertyDescriptors(fn));
  },
  { custom: promisifyCustom },
);

const callbackify = (original: unknown): AnyFunction => {
  const fn = checkFunction(original, 'original') as (...args: unknown[]) => Promise<unknown>;
  return function callbackified(this: unknown, ...args: unknown[]): void {
    const callback = checkFunction(args.pop(), 'last argument');
    fn.apply(this, args).then(
      (value) => void callback.call(this, null, value),
      (error: unknown) =>
        void callback.call(this, error ?? makeNodeError(Error, 'ERR_FALSY_VALUE_REJECTION', 'Promise was rejected with falsy value')),
    );
  };
};

const inherits = (Child: { prototype: object; super_?: unknown }, Parent: { prototype: object }): void => {
  checkFunction(Child, 'ctor');
  checkFunction(Parent, 'superCtor');
  Object.defineProperty(Child, 'super_', { value: Parent, writable: true, configurable: true });
  Object.setPrototypeOf(Child.prototype, Parent.prototype);
};

/** Loaded at the first call; `util.inspect` itself and its symbol must be there at once. */
const inspect = Object.assign((...args: [value: unknown, ...options: never[]]): string => lazyInspect().inspect(...args), {
  custom: inspectCustom,
  defaultOptions: {},
});

const debuglog = (): unknown => Object.assign(() => {}, { enabled: false });

export const util = {
  inspect,
  format: (...args: unknown[]): string => lazyInspect().format(...args),
  formatWithOptions: (options: object, ...args: unknown[]): string => lazyInspect().formatWithOptions(options, ...args),
  stripVTControlCharacters: (text: string): string => lazyInspect().stripVTControlCharacters(text),
  promisify,
  callbackify,
  inherits,
  deprecate: (fn: unknown): unknown => fn,
  debuglog,
  debug: debuglog,
  types,
  isDeepStrictEqual,
  isArray: Array.isArray,
  toUSVString: (text: unknown): string => String(text).toWellFormed(),
  styleText: (_format: unknown, text: string): string => text,
  aborted: (signal: {
    readonly aborted: boolean;
    addEventListener(type: string, listener: () => void, options: object): void;
  }): Promise<void> =>
    new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }))),
  get TextEncoder(): unknown {
    return lazyEncoding().TextEncoder;
  },
  get TextDecoder(): unknown {
    return lazyEncoding().TextDecoder;
  },
  get AbortController(): unknown {
    return lazyAbort().AbortController;
  },
};
