// What of a grant of headers was used, read off the ledger: pure. Must never see a value.
import type { GrantLine, Learning } from '../../bridge/capability.ts';
import type { HeadersGrant } from './contract.ts';
import { readHeadersCode } from './read-code.ts';

const list = 'names';

/** What a client sent is no use of it. The guest side says which name was read. It can leave one out, and then the extension goes without it; it can name none that it was not handed. */
export const headersLearning: Learning<HeadersGrant> = {
  readCode: readHeadersCode,
  observe: ({ method, args: { name }, byHost }) => (method === 'read' && !byHost && typeof name === 'string' ? [[list, name]] : []),
  linesOf: (grant) => grant.names.map((one): GrantLine => [list, one]),
  grantFor: (lines) => ({ names: lines.flatMap(([, one]) => (one === undefined ? [] : [one])).toSorted() }),
};
