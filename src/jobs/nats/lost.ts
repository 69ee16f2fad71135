// Which hosts are not there any more, by what the log says of their beats. Must never take a host for lost because this one was away.
import type { Link } from './link.ts';
import type { Names } from './names.ts';
import type { JobView } from './view.ts';

export interface LostTerms {
  readonly host: string;
  readonly holdMs: number;
  readonly quietMs: number;
}

/** Names of those that hold jobs and are gone, or have been silent for too long. */
export const findLost = async (
  view: JobView,
  link: Link,
  names: Names,
  { host, holdMs, quietMs }: LostTerms,
): Promise<readonly string[]> => {
  const holders = new Set([...view.running].flatMap((entry) => (entry.host === null || entry.host === host ? [] : [entry.host])));
  const isLost = async (name: string): Promise<boolean> => {
    const seen = view.hosts.get(name);
    if (seen?.gone === true) return true;
    // As long as this host has not read its own beat since it was connected, the others may be on their way back like itself.
    if (link.since === null) return false;
    const beatAt = seen?.beatAt ?? Number.NEGATIVE_INFINITY;
    // Measured in the log: whoever reads it late takes nobody for late.
    if (view.lastAt - Math.max(beatAt, link.since) > holdMs) return true;
    const isQuiet = view.lastAt - Math.max(beatAt, link.since + quietMs) > quietMs;
    return isQuiet && !(await link.isThere(names.alive(name)));
  };
  const all = await Promise.all([...holders].map(async (name) => ({ name, lost: await isLost(name) })));
  return all.flatMap(({ name, lost }) => (lost ? [name] : []));
};
