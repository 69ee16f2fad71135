// What a registration said, as mounts, and what became of one as a refusal. Must never pass on a word of the extension's as it is.
import { makeSafeText } from '../capabilities/log/safe-text.ts';
import { extensionIdKey, parseExtensionId } from '../config/extension-id.ts';
import type { RegisteredParts } from '../dispatch/parse-registered.ts';
import { CloisterError } from '../errors.ts';
import { makeGuestPlaces } from '../packages/guest-places.ts';
import type { LoadedPackage } from '../packages/loaded-package.ts';

const maxMounts = 64;

export const parseMounts = ({ mounts: list, hooks }: RegisteredParts, found: LoadedPackage): readonly string[] => {
  if (list.length > maxMounts)
    throw new CloisterError('ERR_REGISTER_FAILED', `it registers ${list.length} endpoints, more than ${maxMounts}`);
  if (list.length === 0 && hooks === 0) throw new CloisterError('ERR_REGISTER_FAILED', 'it registers neither an endpoint nor a hook');
  const mounts = list.map((mount) => parseExtensionId(mount, `${found.entryFile}: the id it exports`));
  if (new Set(mounts.map(extensionIdKey)).size < mounts.length)
    throw new CloisterError('ERR_EXTENSION_CONFLICT', 'two of its endpoints have the same id');
  return mounts;
};

export const asRefusal = (found: LoadedPackage, error: unknown): CloisterError => {
  const known = error instanceof CloisterError;
  // What an extension threw is its own words: they must not move an operator's cursor.
  const said = makeSafeText(error instanceof Error ? error.message : String(error));
  const cause = makeGuestPlaces().text(said, found.sourceMap, '');
  const start = `extension ${found.fallbackId}`;
  const message = cause.startsWith(start) ? cause : `${start}: ${found.entryFile}: ${cause}`;
  return new CloisterError(known ? error.code : 'ERR_REGISTER_FAILED', message, { extension: found.fallbackId }, { cause: error });
};

/** Beside what was hashed, for whoever steps through it. */
export const withMap = ({ script, sourceMap }: LoadedPackage): string =>
  sourceMap === '' ? script : `${script}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(sourceMap).toString('base64')}`;
