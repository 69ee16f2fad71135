// Of several packages that want one id: which one an approval of that id is for. Must never let the order of folders decide who gets what was approved.
import { extensionIdKey } from '../config/extension-id.ts';
import { showText } from '../config/show.ts';
import { CloisterError } from '../errors.ts';
import type { Refusal } from '../packages/find-packages.ts';
import type { LoadedPackage } from '../packages/loaded-package.ts';
import { type Comparing, compare } from './compare.ts';
import { type Lock, type LockEntry, selfOf } from './lock.ts';
import { stableText } from './stable-text.ts';

export interface TwinOptions extends Comparing {
  /** null: there is none. */
  readonly lock: Lock | null;
  /** Ids that the configuration approves by name. */
  readonly approvedIds: Iterable<string>;
}

export interface Untwinned {
  /** One of an id. */
  readonly packages: readonly LoadedPackage[];
  /** What cannot be read, or may not stand for its id: what was approved may go on in its place. */
  readonly unread: readonly Refusal[];
  /** To be told of. */
  readonly refused: readonly (Refusal & { readonly id: string })[];
}

type Named = Refusal & { readonly id: string };

interface Claims {
  readonly packages: readonly LoadedPackage[];
  readonly unread: readonly Named[];
}

/** `owner` has the id; `cause` says why another has not, or why nobody has. */
export const conflict = (
  id: string,
  folder: string,
  owner: string,
  cause = `which ${owner} has already; rename one, or give it another id in the configuration`,
): CloisterError =>
  new CloisterError('ERR_EXTENSION_CONFLICT', `extension ${id}: ${folder} wants the id "${id}", ${cause}`, { id, folder, owner });

const refuse = ({ fallbackId: id, folder }: LoadedPackage, owner: string, cause?: string): Named => ({
  id,
  folder,
  error: conflict(id, folder, owner, cause),
});

const claimsById = (packages: readonly LoadedPackage[], unread: readonly Refusal[]): readonly Claims[] => {
  const groups = new Map<string, { readonly packages: LoadedPackage[]; readonly unread: Named[] }>();
  const groupOf = (id: string) => {
    const key = extensionIdKey(id);
    const group = groups.get(key) ?? { packages: [], unread: [] };
    groups.set(key, group);
    return group;
  };
  for (const one of packages) groupOf(one.fallbackId).packages.push(one);
  for (const one of unread) if (one.id !== undefined) groupOf(one.id).unread.push({ ...one, id: one.id });
  return [...groups.values()];
};

const rulesOf = (source: Refusal['source']): string => stableText({ ...source, folder: '', id: '' });

/** Its script from the store, where the entries of `extensions` that led to the twins mean the same; else nobody can tell in which mode. */
const standIn = (id: string, { packages, unread }: Claims): readonly Refusal[] => {
  const places = [...packages, ...unread];
  const [first] = places;
  if (first?.source === undefined || places.some(({ source }) => rulesOf(source) !== rulesOf(first.source))) return [];
  const error = conflict(id, first.folder, first.folder);
  return [{ id, folder: first.folder, source: first.source, error }];
};

const settleApproved = (id: string, entry: LockEntry, claims: Claims, options: Comparing): Untwinned => {
  const { packages } = claims;
  const winner = packages.find((one) => one.fallbackId === id && compare(entry, selfOf(one), options) === 'none');
  if (winner !== undefined) {
    const cause = `for which ${winner.folder} is approved; rename the one that is not`;
    const losers = packages.filter((one) => one !== winner).map((one) => refuse(one, winner.folder, cause));
    return { packages: [winner], unread: [], refused: losers };
  }
  const unread = standIn(id, claims);
  const serves = unread.length === 0 ? 'none of them runs' : `the approved version ${showText(entry.version)} goes on serving`;
  const cause = `as others do, and none of them is the approved package; ${serves} until one is left: rename the others`;
  return { packages: [], unread, refused: packages.map((one) => refuse(one, '', cause)) };
};

const firstOf = ({ packages, unread }: Claims): Untwinned => {
  const [first, ...others] = packages;
  if (first === undefined) return { packages: [], unread, refused: [] };
  return { packages: [first], unread, refused: others.map((one) => refuse(one, first.folder)) };
};

/** The operator's word in the configuration on who has the id, where exactly one has it. */
const givenTo = ({ packages, unread }: Claims): LoadedPackage | null => {
  const [named, ...more] = [...packages, ...unread].filter(({ source }) => source?.id !== undefined);
  return more.length === 0 ? (packages.find((one) => one === named) ?? null) : null;
};

const untwin = (claims: Claims, options: TwinOptions, approvedKeys: ReadonlySet<string>): Untwinned => {
  const { packages, unread } = claims;
  if (packages.length + unread.length < 2) return { packages, unread, refused: [] };
  const named = givenTo(claims);
  if (named !== null) {
    const others = packages.filter((one) => one !== named);
    return { packages: [named], unread: [], refused: others.map((one) => refuse(one, named.folder)) };
  }
  const key = extensionIdKey(packages[0]?.fallbackId ?? unread[0]?.id ?? '');
  const [id, entry] = [...(options.lock ?? [])].find(([one]) => extensionIdKey(one) === key) ?? [];
  if (id !== undefined && entry !== undefined) return settleApproved(id, entry, claims, options);
  const selves = new Set(packages.map((one) => stableText({ ...selfOf(one), id: one.fallbackId })));
  const areCopies = unread.length === 0 && selves.size === 1;
  if (!approvedKeys.has(key) || areCopies) return firstOf(claims);
  const cause =
    'as others do, and the configuration approves that id: none of them runs until one is left; rename the others, or give the one that is meant its id in the option `extensions`';
  return { packages: [], unread: [], refused: packages.map((one) => refuse(one, '', cause)) };
};

/** At most one package of each id. */
export const settleTwins = (packages: readonly LoadedPackage[], unread: readonly Refusal[], options: TwinOptions): Untwinned => {
  const approvedKeys = new Set([...options.approvedIds].map(extensionIdKey));
  const all = claimsById(packages, unread).map((claims) => untwin(claims, options, approvedKeys));
  return {
    packages: all.flatMap((one) => one.packages),
    unread: all.flatMap((one) => one.unread),
    refused: all.flatMap((one) => one.refused),
  };
};
