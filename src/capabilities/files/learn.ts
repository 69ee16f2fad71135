// What of a grant of files was used, read off the ledger: pure. Must never see a text.

import { coversPath } from '../../../sandbox/protocol/file-paths.ts';
import type { GrantLine, Learning } from '../../bridge/capability.ts';
import type { FilesGrant } from './contract.ts';

const list = 'paths';

export const filesLearning: Learning<FilesGrant> = {
  observe: ({ method, args: { path } }) => (method === 'read' && typeof path === 'string' ? [[list, path]] : []),
  linesOf: (grant) => grant.paths.map((one): GrantLine => [list, one]),
  covers: (outer, inner) =>
    outer.length === 0 ||
    (outer[0] === inner[0] &&
      (outer[1] === undefined || (inner[1] !== undefined && (outer[1] === inner[1] || coversPath(outer[1], inner[1]))))),
  grantFor: (lines) => ({ paths: lines.flatMap(([, one]) => (one === undefined ? [] : [one])).toSorted() }),
};
