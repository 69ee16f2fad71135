// A deployment tried on this host before anybody is told of it. Must never serve a request, nor leave anything of what it tried.
import { conflict } from '../approvals/twins.ts';
import { CloisterError } from '../errors.ts';
import type { LoadedPackage } from '../packages/loaded-package.ts';
import { readArchived } from '../packages/read-packages.ts';
import type { ApplyParts } from './apply-desired.ts';
import { judgeCanary } from './judge-canary.ts';
import { restoreOutside } from './outside.ts';
import { bringUp, discard } from './version.ts';

export interface Tried {
  readonly found: LoadedPackage;
  readonly mounts: readonly string[];
}

export const tryOut = async (bytes: Uint8Array, asCanary: boolean, { services, serving, bundler, admit }: ApplyParts): Promise<Tried> => {
  const { options, registry } = services;
  const found = await readArchived(
    { where: 'the archive', bytes },
    registry.map(({ capability }) => capability.contract),
    options.packages,
    { trustedKeys: options.trustedKeys, bundler },
  );
  admit(found);
  const { fallbackId: id } = found;
  const current = serving.get(id)?.current;
  if (current !== undefined && current.digest === null) throw conflict(id, 'the archive', current.found.folder);
  if (current === undefined && typeof (await services.wantedDigest(id)) === 'string')
    throw new CloisterError(
      'ERR_EXTENSION_UNAVAILABLE',
      `extension ${id}: the version that is deployed is not served by this host, so nothing can be tried beside it; see why with \`cloister status\`, or \`cloister disable ${id}\` first`,
      { extension: id },
    );
  const judge =
    asCanary && current !== undefined
      ? judgeCanary(found, current, registry)
      : { mounts: (mounts: readonly string[]) => serving.checkMounts(id, 'the archive', mounts) };
  const { extension, effective, mounts } = await bringUp(found, null, current, services, judge);
  await discard(extension, services);
  if (current !== undefined) await restoreOutside(current, effective, services, true);
  return { found, mounts };
};
