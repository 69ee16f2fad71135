// Decides whether an extension may use its own store: pure. How much fits in is counted by the host, in the database.
import type { Policy } from '../../bridge/capability.ts';

export const kvMethods: ReadonlySet<string> = new Set(['get', 'set', 'delete', 'list']);

export const makeKvPolicy = (): Policy => (method) =>
  kvMethods.has(method)
    ? { allow: true, rule: `kv.${method}` }
    : { allow: false, rule: 'kv.methods', reason: `kv has no method ${method}` };
