// Tells a cell which of its package's files are granted. Must never read one: what a script carries was read when it was bundled.

import { coversPath } from '../../../sandbox/protocol/file-paths.ts';
import type { Capability, CapabilityInstance } from '../../bridge/capability.ts';
import { type FilesBoot, type FilesGrant, filesContract } from './contract.ts';
import { filesLearning } from './learn.ts';
import { makeFilesPolicy } from './policy.ts';

const makeInstance = (grants: readonly FilesGrant[]): CapabilityInstance => {
  const boot: FilesBoot = grants.map(({ paths }) => paths);
  return {
    call: () => ({ json: 'null' }),
    bootValue: () => boot,
    narrowed: (grant) => makeInstance([...grants, grant as FilesGrant]),
    close: () => Promise.resolve(),
  };
};

export const filesCapability: Capability<object, FilesGrant> = {
  contract: filesContract,
  learning: filesLearning,
  makePolicy: makeFilesPolicy,
  covers: (wide, narrow) => narrow.paths.every((path) => wide.paths.some((one) => one === path || coversPath(one, path))),
  open: (_extension, grants) => Promise.resolve(makeInstance(grants)),
};
