// Evaluates an extension and runs its register functions. Knows every export form; must never decide what is granted.
import { hasOwn, isArray, NativeError } from './intrinsics.ts';

export type Factory = (
  exports: object,
  require: (name: string) => unknown,
  module: { exports: unknown },
  filename: string,
  dirname: string,
) => void;
export type Register = (router: unknown, context: object) => unknown;

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

/** The endpoints a module exports: function, `{ id, handler }`, `module.exports`, default export, or a bundle's list. */
export const findEndpoints = (exported: unknown, fallbackId: string): readonly Endpoint[] => {
  const endpoints = own(exported, 'endpoints') ?? own(own(exported, 'default'), 'endpoints');
  if (isArray(endpoints)) return bundled(endpoints);
  const isModule = typeof exported === 'object' && exported !== null && hasOwn(exported, 'default');
  const found = (isModule ? endpointOf(own(exported, 'default'), fallbackId) : null) ?? endpointOf(exported, fallbackId);
  if (found === null) {
    throw new NativeError('it exports neither a register function, nor { id, handler }, nor a bundle with endpoints');
  }
  return [found];
};
