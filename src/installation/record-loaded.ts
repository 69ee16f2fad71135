// Puts on record that a version is served, and what it was granted. Must never decide anything.
import type { InstallationServices } from './installation-services.ts';
import type { Version } from './version.ts';

type Tell = Pick<InstallationServices, 'onLife'>;

export const shortened = (hash: string): string => hash.slice(0, 12);

const recordGrants = ({ extension, grants }: Version, { onLife }: Tell): void => {
  for (const [event, subject, reason] of grants) onLife(event, extension, subject, reason);
};

export const recordLoaded = (version: Version, before: Version | undefined, tell: Tell): void => {
  const { extension, mounts } = version;
  const where = mounts.length === 0 ? 'without a mount' : `mounted at ${mounts.map((mount) => `/${mount}`).join(', ')}`;
  const instead = before === undefined ? '' : ` in the place of ${shortened(before.extension.artifact)}`;
  tell.onLife('package.loaded', extension, extension.artifact, where + instead);
  recordGrants(version, tell);
};

export const recordCanary = (version: Version, share: number, tell: Tell): void => {
  const { extension } = version;
  tell.onLife('canary.start', extension, extension.artifact, `${String(Math.round(share * 1_000) / 10)}% of requests`);
  recordGrants(version, tell);
};
