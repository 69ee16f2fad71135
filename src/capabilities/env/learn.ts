// What of a grant of env was used, read off the ledger: pure. Must never see a value.
import type { GrantLine, Learning } from '../../bridge/capability.ts';
import type { EnvGrant } from './contract.ts';
import { readEnvCode } from './read-code.ts';

const list = 'keys';

/** The guest side says which key was read. It can leave one out, and then the extension goes without it; it can name none that it was not handed. */
export const envLearning: Learning<EnvGrant> = {
  readCode: readEnvCode,
  observe: ({ method, args: { key } }) => (method === 'read' && typeof key === 'string' ? [[list, key]] : []),
  linesOf: (grant) => grant.keys.map((one): GrantLine => [list, one]),
  grantFor: (lines) => ({ keys: lines.flatMap(([, one]) => (one === undefined ? [] : [one])).toSorted() }),
};
