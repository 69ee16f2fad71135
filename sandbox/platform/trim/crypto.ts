// node:crypto for Express's own libraries, which sign cookies and nothing at load time. Must never evaluate the hashes before somebody hashes.

// esbuild turns require() with a literal into a call of that module's wrapper; no require exists when this runs.
declare const require: (name: string) => unknown;

type Members = Readonly<Record<'createHash' | 'createHmac' | 'timingSafeEqual', (...args: unknown[]) => unknown>>;
const real = (): Members => (require('../builtins/crypto.ts') as { readonly nodeCrypto: Members }).nodeCrypto;

export default {
  createHash: (...args: unknown[]): unknown => real().createHash(...args),
  createHmac: (...args: unknown[]): unknown => real().createHmac(...args),
  timingSafeEqual: (...args: unknown[]): unknown => real().timingSafeEqual(...args),
};
