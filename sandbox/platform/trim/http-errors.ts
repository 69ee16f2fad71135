// Puts off http-errors, which makes a class for every status, until there is an error. Must never make an error itself.

// esbuild turns require() with a literal into a call of that module's wrapper; no require exists when this runs.
declare const require: (name: string) => unknown;

type Real = ((...args: unknown[]) => unknown) & Readonly<Record<string, unknown>>;
const real = (): Real => require('cloister:real/http-errors') as Real;

const createError = (...args: unknown[]): unknown => real()(...args);

export default new Proxy(createError, { get: (_target, name) => Reflect.get(real(), name) as unknown });
