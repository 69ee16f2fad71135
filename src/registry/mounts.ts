// Whose a mount is, by what a trial of each version saw. Pure; must never guess what a version mounts that nobody saw.
import { extensionIdKey } from '../config/extension-id.ts';
import { CloisterError } from '../errors.ts';
import type { Deployment, RegistryState, Release } from './state.ts';

type SeenMounts = Readonly<Record<string, readonly string[]>>;

const short = (digest: string): string => digest.slice(0, 12);

/** Digests that serve, or would once they are enabled. */
export const servingOf = ({ current, canary }: Pick<Deployment, 'current' | 'canary'>): readonly string[] =>
  canary === null ? [current] : [current, canary.digest];

/** undefined: it was deployed before trials told. */
export const mountsOf = ({ mounts }: Pick<Deployment, 'mounts'>, digest: string): readonly string[] | undefined =>
  mounts !== undefined && Object.hasOwn(mounts, digest) ? mounts[digest] : undefined;

/** Of the versions a deployment names, and of no other. */
export const keepMounts = (deployment: Deployment, release?: Pick<Release, 'digest' | 'mounts'>): Deployment => {
  const { mounts: _, ...rest } = deployment;
  const named = new Set([...servingOf(deployment), ...deployment.previous]);
  const seen: SeenMounts = { ...deployment.mounts, ...(release?.mounts === undefined ? {} : { [release.digest]: release.mounts }) };
  const kept = Object.fromEntries(Object.entries(seen).filter(([digest]) => named.has(digest)));
  return Object.keys(kept).length === 0 ? rest : { ...rest, mounts: kept };
};

/** Two that are enabled never have one mount, so which of them a host brings up first does not matter. */
export const refuseTakenMounts = ({ deployments }: RegistryState, wanting: Deployment): void => {
  if (!wanting.enabled) return;
  const wanted = new Map(
    servingOf(wanting).flatMap((digest) => (mountsOf(wanting, digest) ?? []).map((one) => [extensionIdKey(one), digest])),
  );
  for (const other of deployments.values()) {
    if (!other.enabled || extensionIdKey(other.extension) === extensionIdKey(wanting.extension)) continue;
    for (const digest of servingOf(other))
      for (const mount of mountsOf(other, digest) ?? []) {
        const wantedBy = wanted.get(extensionIdKey(mount));
        if (wantedBy === undefined) continue;
        const { extension } = wanting;
        throw new CloisterError(
          'ERR_EXTENSION_CONFLICT',
          `extension ${extension}: ${short(wantedBy)} wants the mount "${mount}", which ${other.extension} has; give it another id, or \`cloister disable ${other.extension}\` first`,
          { extension, mount, owner: other.extension },
        );
      }
  }
};

/** A mount that another's trial saw and one's own did not is the other's, whoever is brought up first. Gives whose it is; null: it is free. */
export const makeMountOwners = (
  all: readonly { readonly extension: string; readonly mounts: readonly string[] }[],
): ((extension: string, mount: string) => string | null) => {
  const owners = new Map<string, string[]>();
  for (const { extension, mounts } of all)
    for (const mount of mounts) owners.set(extensionIdKey(mount), [...(owners.get(extensionIdKey(mount)) ?? []), extension]);
  return (extension, mount) => {
    const claim = owners.get(extensionIdKey(mount)) ?? [];
    return claim.some((one) => extensionIdKey(one) === extensionIdKey(extension)) ? null : (claim[0] ?? null);
  };
};
