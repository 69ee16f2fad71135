// Evaluates a bundled script in a bare context, as a cell does, with a stand-in for the kernel's loader. Must never be used on hostile code.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import vm from 'node:vm';

const require = createRequire(import.meta.url);

export interface Evaluated {
  readonly exports: unknown;
  readonly required: readonly string[];
  readonly context: Readonly<Record<string, unknown>>;
}

type ModuleFunction = (
  exports: unknown,
  require: (name: string) => unknown,
  module: { exports: unknown },
  filename: string,
  dirname: string,
) => void;

/** `provide` answers requires; what it does not know is missing, as in a cell. */
export const evaluateScript = (script: string, provide: (name: string) => unknown = () => undefined, globals: object = {}): Evaluated => {
  const loads: ModuleFunction[] = [];
  const context = vm.createContext({ __load: (load: ModuleFunction) => void loads.push(load), console, ...globals });
  new vm.Script(script, { filename: 'cell.js' }).runInContext(context);
  const [load] = loads;
  assert.ok(load !== undefined && loads.length === 1, 'the script calls __load once');
  const module = { exports: {} as unknown };
  const required: string[] = [];
  const requireOne = (name: string): unknown => {
    required.push(name);
    const provided = provide(name);
    if (provided === undefined) throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
    return provided;
  };
  load(module.exports, requireOne, module, '/extension/index.js', '/extension');
  return { exports: module.exports, required, context };
};

/** Node's own built-ins and this project's Express, for examples that are run outside a cell. */
export const provideNode = (name: string): unknown => (name === 'express' ? require('express4') : process.getBuiltinModule(name));

/** The default export, whichever way the module was written. */
export const defaultOf = (exports: unknown): unknown =>
  typeof exports === 'object' && exports !== null && 'default' in exports ? exports.default : exports;

/** Calls what must be a function. */
export const call = (value: unknown, ...args: readonly unknown[]): unknown => {
  assert.ok(typeof value === 'function', `expected a function, found ${typeof value}`);
  return Reflect.apply(value, undefined, args);
};
