// Evaluates an extension and finds its register functions. Knows every export form; must never decide what is granted.
import { hasOwn, isArray, NativeError } from './intrinsics.ts';
import type { RegisterHook } from './register-hook.ts';

export type Factory = (
  exports: object,
  require: (name: string) => unknown,
  module: { exports: unknown },
  filename: string,
  dirname: string,
) => void;
export type Register = (router: unknown, context: object) => unknown;

/** As the bundler writes an import of node:http or node:https. */
export const importsNodeClient = (factory: Factory): boolean =>
  /\brequire\((['"])(?:node:)?https?\1\)/.test(Function.prototype.toString.call(factory));

export interface Endpoint {
  /** What it is mounted at: `/<id>`. */
  readonly id: string;
  readonly register: Register;
}

export const evaluate = (factory: Factory, require: (name: string) => unknown): unknown => {
  const module: { exports: unknown } = { exports: {} };
  factory(module.exports as object, require, module, '/extension/index.js', '/extension');
  return module.exports;
};

const own = (value: unknown, key: string): unknown =>
  (typeof value === 'object' || typeof value === 'function') && value !== null && key in value
    ? (value as Record<string, unknown>)[key]
    : undefined;

const endpointOf = (config: unknown, fallbackId: string): Endpoint | null => {
  if (typeof config === 'function') return { id: fallbackId, register: config as Register };
  const handler = own(config, 'handler');
  if (typeof handler !== 'function') return null;
  const id = own(config, 'id');
  if (id !== undefined && typeof id !== 'string') throw new NativeError('the exported `id` is not a string');
  return { id: id ?? fallbackId, register: (router, context) => (handler as Register)(router, context) };
};

/** A bundle's entry is mounted under its own name; what follows a colon is a variant of it. */
const bundled = (endpoints: readonly unknown[]): Endpoint[] =>
  endpoints.map((entry, index) => {
    const name = own(entry, 'name');
    const endpoint = endpointOf(own(entry, 'config'), typeof name === 'string' ? (name.split(':')[0] ?? name) : '');
    if (endpoint === null) throw new NativeError(`endpoints[${index}] has no register function in its config`);
    return endpoint;
  });

const bundledHooks = (hooks: readonly unknown[]): RegisterHook[] =>
  hooks.map((entry, index) => {
    const config = own(entry, 'config');
    if (typeof config !== 'function') throw new NativeError(`hooks[${index}] has no register function as its config`);
    return config as RegisterHook;
  });

export interface Parts {
  readonly endpoints: readonly Endpoint[];
  readonly hooks: readonly RegisterHook[];
}

const findHook = (exported: unknown): RegisterHook => {
  const found = [own(exported, 'default'), exported].find((one) => typeof one === 'function');
  if (found === undefined) throw new NativeError('it exports no register function for a hook');
  return found as RegisterHook;
};

/** What a module exports: one hook, one endpoint, or a bundle's lists of both. */
export const findParts = (exported: unknown, kind: 'endpoint' | 'hook', fallbackId: string): Parts => {
  const list = (name: string): unknown => own(exported, name) ?? own(own(exported, 'default'), name);
  const [endpoints, hooks] = [list('endpoints'), list('hooks')];
  if (isArray(endpoints) || isArray(hooks))
    return { endpoints: isArray(endpoints) ? bundled(endpoints) : [], hooks: isArray(hooks) ? bundledHooks(hooks) : [] };
  if (kind === 'hook') return { endpoints: [], hooks: [findHook(exported)] };
  return { endpoints: [findEndpoint(exported, fallbackId)], hooks: [] };
};

/** Function, `{ id, handler }`, `module.exports` or default export. */
const findEndpoint = (exported: unknown, fallbackId: string): Endpoint => {
  const isModule = typeof exported === 'object' && exported !== null && hasOwn(exported, 'default');
  const found = (isModule ? endpointOf(own(exported, 'default'), fallbackId) : null) ?? endpointOf(exported, fallbackId);
  if (found === null) {
    throw new NativeError('it exports neither a register function, nor { id, handler }, nor a bundle with endpoints');
  }
  return found;
};
