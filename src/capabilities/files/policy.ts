// Decides which files of the package a grant shows: pure. Must never see a text.

import { coversPath } from '../../../sandbox/protocol/file-paths.ts';
import type { Policy } from '../../bridge/capability.ts';
import type { FilesGrant, ReadArgs } from './contract.ts';

export const makeFilesPolicy =
  ({ paths }: FilesGrant): Policy =>
  (method, args) => {
    if (method !== 'read') return { allow: false, rule: 'files.method', reason: 'files has the method read only' };
    const { path } = args as ReadArgs;
    if (paths.some((one) => coversPath(one, path))) return { allow: true, rule: 'files.paths' };
    return { allow: false, rule: 'files.paths', reason: `the grant does not list ${JSON.stringify(path)}; add it to "paths"` };
  };
