// Decides whether the overview may be read: pure. What it tells is cut by the host, to this grant and to the database's.
import type { Policy } from '../../bridge/capability.ts';

export const makeSchemaPolicy = (): Policy => (method) =>
  method === 'read'
    ? { allow: true, rule: 'schema.read' }
    : { allow: false, rule: 'schema.methods', reason: `schema has no method ${method}` };
