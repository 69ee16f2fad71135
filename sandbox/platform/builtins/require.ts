// The guest's require(): node's built-ins as this platform has them, and Express. Must never find anything by path.
import { makeNodeError } from '../http/node-error.ts';
import { type DirectusApi, makeDirectusApi } from './directus-api.ts';
import { makeBuiltins } from './table.ts';

export interface GuestRequire {
  (name: string): unknown;
  resolve(name: string): string;
  readonly cache: object;
}

const parseName = (name: unknown): string => {
  if (typeof name !== 'string') throw makeNodeError(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "id" argument must be of type string.');
  return name.startsWith('node:') ? name.slice('node:'.length) : name;
};

const makeNotFound = (name: string): Error =>
  makeNodeError(
    Error,
    'MODULE_NOT_FOUND',
    `Cannot find module '${name}': an extension has what was bundled with it and node's built-ins; add the package to the extension's dependencies and build it again`,
  );

/** One isolate has one: `express` is the real one of the version the cell was booted with; `directusScopes` what the extension may call of `directus:api`. */
export const makeRequire = (express: unknown, directusScopes: readonly string[] | null = null): GuestRequire => {
  const builtins = makeBuiltins();
  const names = [...builtins.names, 'module'].toSorted();
  let directusApi: DirectusApi | null = null;

  const findDirectusApi = (): DirectusApi => {
    if (directusScopes === null)
      throw makeNodeError(
        Error,
        'ERR_CAPABILITY_NOT_GRANTED',
        'directus:api is for extensions of Directus\'s sandbox: set directus:extension.sandbox to { "enabled": true, "requestedScopes": { … } } in package.json',
      );
    directusApi ??= makeDirectusApi(directusScopes);
    return directusApi;
  };

  const find = (name: string): unknown => {
    if (name === 'express' || name === 'express4') return express;
    if (name === 'module') return moduleModule;
    if (name === 'directus:api') return findDirectusApi();
    return builtins.read(name);
  };

  const require = (given: string): unknown => {
    const name = parseName(given);
    const found = find(name);
    if (found === undefined) throw makeNotFound(given);
    return found;
  };

  const guestRequire: GuestRequire = Object.assign(require, {
    resolve: (given: string): string => {
      const name = parseName(given);
      if (name !== 'express' && !names.includes(name)) throw makeNotFound(given);
      return given;
    },
    cache: {},
  });

  class Module {
    static readonly builtinModules: readonly string[] = names;
    static createRequire(): GuestRequire {
      return guestRequire;
    }
    static isBuiltin(name: string): boolean {
      return names.includes(parseName(name));
    }
    static syncBuiltinESMExports(): void {}
    static register(): void {}
  }
  const moduleModule = Object.assign(Module, { Module });

  return guestRequire;
};
