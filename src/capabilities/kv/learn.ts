// That the store was used, read off the ledger: pure. Must never see a key or a value.
import type { Learning } from '../../bridge/capability.ts';
import type { KvGrant } from './contract.ts';
import { kvMethods } from './policy.ts';
import { readKvCode } from './read-code.ts';

/** There is one thing to give. Its sizes narrow, and stay as they are. */
export const kvLearning: Learning<KvGrant> = {
  readCode: readKvCode,
  observe: ({ method }) => (kvMethods.has(method) ? [[]] : []),
  linesOf: () => [[]],
  grantFor: (_lines, today) => ({ ...today }),
};
