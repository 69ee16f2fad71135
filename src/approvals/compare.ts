// What changed between the package that was approved and the one that is there. Pure; must never take what it cannot tell for less.
import type { Manifest } from '../config/manifest.ts';
import { type LimitName, limitTable } from '../limits/table.ts';
import type { LockEntry, SelfDescription } from './lock.ts';
import { stableText } from './stable-text.ts';

/** `none`: the very package. `code`: another script with the same wishes. `narrower`: it wishes for less. `wider`: for more, or nobody can tell. */
export type Change = 'none' | 'code' | 'narrower' | 'wider';

/** `wide` allows all that `narrow` does, of one capability. */
export type Covers = (capability: string, wide: unknown, narrow: unknown) => boolean;

export interface Comparing {
  readonly covers: Covers;
  readonly baseline: ReadonlyMap<string, unknown>;
}

const grantOf = (manifest: Manifest, name: string, baseline: ReadonlyMap<string, unknown>): unknown => {
  const { capabilities = {} } = manifest;
  return Object.hasOwn(capabilities, name) ? capabilities[name] : baseline.get(name);
};

const isWithin = (was: Manifest, now: Manifest, { covers, baseline }: Comparing): boolean => {
  const names = [...Object.keys(now.capabilities ?? {}), ...baseline.keys()];
  const grants = names.every((name) => {
    const before = grantOf(was, name, baseline);
    return before !== undefined && covers(name, before, grantOf(now, name, baseline));
  });
  const limits = (Object.keys(limitTable) as LimitName[]).every((name) => {
    const fallback = limitTable[name].default;
    return (now.limits?.[name] ?? fallback) <= (was.limits?.[name] ?? fallback);
  });
  return grants && limits;
};

export const compareWishes = (was: Manifest | null, now: Manifest | null, comparing: Comparing): 'same' | 'narrower' | 'wider' => {
  if (stableText(was) === stableText(now)) return 'same';
  // Without a manifest the approval stands for the wishes: one that comes or goes changes what the approval means.
  if (was === null || now === null) return 'wider';
  return isWithin(was, now, comparing) ? 'narrower' : 'wider';
};

/** Whose wishes run: those of the package that is there, or those that were approved. */
export const wishesUnder = (entry: LockEntry, found: Manifest | null, everyHash: boolean, comparing: Comparing): Manifest | null => {
  const wishes = compareWishes(entry.asked, found, comparing);
  return wishes === 'wider' || (everyHash && wishes === 'narrower') ? entry.asked : found;
};

export const compare = (approved: LockEntry, found: SelfDescription, comparing: Comparing): Change => {
  const wishes = compareWishes(approved.asked, found.asked, comparing);
  if (wishes !== 'same') return wishes;
  return approved.artifact === found.artifact && approved.kind === found.kind && approved.express === found.express ? 'none' : 'code';
};
