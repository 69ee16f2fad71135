// Tells a cell which of its package's files are granted. Must never read one: what a script carries was read when it was bundled.

import { coversPath } from '../../../sandbox/protocol/file-paths.ts';
import type { Capability } from '../../bridge/capability.ts';
import { type FilesBoot, type FilesGrant, filesContract } from './contract.ts';
import { filesLearning } from './learn.ts';
import { makeFilesPolicy } from './policy.ts';

export const filesCapability: Capability<object, FilesGrant> = {
  contract: filesContract,
  learning: filesLearning,
  makePolicy: makeFilesPolicy,
  covers: (wide, narrow) => narrow.paths.every((path) => wide.paths.some((one) => one === path || coversPath(one, path))),
  open: (_extension, grants) => {
    const boot: FilesBoot = grants.map(({ paths }) => paths);
    return Promise.resolve({ call: () => ({ json: 'null' }), bootValue: () => boot, close: () => Promise.resolve() });
  },
};
