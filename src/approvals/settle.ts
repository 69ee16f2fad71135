// What of the packages that are there may run under a lock, and in whose place an approved one goes on. Must never let a package run that wishes for more than was approved.
import path from 'node:path';
import { CloisterError } from '../errors.ts';
import type { LifeEvent } from '../ledger/entry.ts';
import type { Refusal } from '../packages/find-packages.ts';
import type { LoadedPackage } from '../packages/loaded-package.ts';
import { type Change, type Comparing, compare } from './compare.ts';
import { type Lock, type LockEntry, selfOf } from './lock.ts';
import { type ApprovalStore, loadArtifact } from './store.ts';

/** One extension: what is tried in turn, the first that can be served is. */
export interface Plan {
  readonly id: string;
  readonly folder: string;
  readonly tries: readonly (() => LoadedPackage | Promise<LoadedPackage>)[];
}

export interface PackageEvent {
  readonly event: LifeEvent;
  readonly extension: string;
  readonly subject: string;
  readonly reason: string;
}

export interface Settled {
  readonly plans: readonly Plan[];
  /** Packages that are not run; an approved version may be, in their place. */
  readonly parked: readonly Refusal[];
  readonly events: readonly PackageEvent[];
}

export interface SettleOptions extends Comparing {
  readonly lock: Lock;
  readonly store: ApprovalStore;
  readonly everyHash: boolean;
  /** Approved in the configuration, or to be tried in audit: it needs no entry. */
  runsWithoutEntry(found: LoadedPackage): boolean;
}

/** Without a lock everything that was read is tried, with what the configuration approves. */
export const planEach = (packages: readonly LoadedPackage[]): readonly Plan[] =>
  packages.map((one) => ({ id: one.fallbackId, folder: one.folder, tries: [() => one] }));

type Place = Pick<LoadedPackage, 'folder' | 'source'>;

/** The package as it was approved: its script from the store, everything else from the lock. */
const makeStored =
  (id: string, entry: LockEntry, { folder, source }: Place, store: ApprovalStore) =>
  async (): Promise<LoadedPackage> => ({
    folder,
    source,
    fallbackId: id,
    name: id,
    version: entry.version,
    kind: entry.kind,
    artifact: entry.artifact,
    script: await loadArtifact(store, id, entry.artifact),
    sourceMap: '',
    signedBy: null,
    express: entry.express,
    manifest: entry.asked,
    entryFile: `${entry.artifact.slice(0, 12)}….js`,
  });

const park = (id: string, folder: string, cause: string): Refusal => ({
  folder,
  id,
  error: new CloisterError('ERR_APPROVAL_NEEDED', `extension ${id}: ${path.basename(folder)} ${cause}`, { extension: id, folder }),
});

const describeChange = (entry: LockEntry, found: LoadedPackage, change: Change): string => {
  const versions = entry.version === found.version ? found.version : `${entry.version} → ${found.version}`;
  const what: Readonly<Record<Change, string>> = {
    none: 'the same script and wishes',
    code: 'another script, with the same wishes',
    narrower: 'it wishes for less',
    wider: 'it wishes for more, or for what cannot be compared',
  };
  return `${versions}: ${what[change]}`;
};

const approvedBy = ({ by, at, version }: LockEntry): string => `version ${version}, by ${by} at ${at}`;

interface One {
  readonly plan?: Plan;
  readonly parked?: Refusal;
  readonly events: readonly PackageEvent[];
}

const settleFound = (found: LoadedPackage, options: SettleOptions): One => {
  const { lock, store, everyHash } = options;
  const { fallbackId: id, folder, artifact } = found;
  const event = (name: LifeEvent, subject: string, reason: string): PackageEvent => ({ event: name, extension: id, subject, reason });
  const entry = lock.get(id);
  if (entry === undefined) {
    if (options.runsWithoutEntry(found)) return { plan: { id, folder, tries: [() => found] }, events: [] };
    const refusal = park(id, folder, `is not approved; look at it with \`cloister diff ${id}\`, then \`cloister approve ${id}\``);
    return { parked: refusal, events: [event('package.parked', artifact, 'no version of it is approved')] };
  }
  const approved = event('package.approved', entry.artifact, approvedBy(entry));
  const change = compare(entry, selfOf(found), options);
  if (change === 'none') return { plan: { id, folder, tries: [() => found] }, events: [approved] };
  const stored = makeStored(id, entry, found, store);
  const reason = describeChange(entry, found, change);
  if (change !== 'wider' && !everyHash)
    return { plan: { id, folder, tries: [() => found, stored] }, events: [approved, event('package.upgraded', artifact, reason)] };
  const cause = `is not the approved package (${reason}); version ${entry.version} goes on serving until \`cloister approve ${id}\``;
  return {
    plan: { id, folder, tries: [stored] },
    parked: park(id, folder, cause),
    events: [approved, event('package.parked', artifact, reason)],
  };
};

/** A package that was approved and cannot be read any more: what was approved goes on. */
const settleUnread = ({ id, folder, source }: Refusal, { lock, store }: SettleOptions): One => {
  const entry = id === undefined ? undefined : lock.get(id);
  if (id === undefined || entry === undefined || source === undefined) return { events: [] };
  const approved: PackageEvent = { event: 'package.approved', extension: id, subject: entry.artifact, reason: approvedBy(entry) };
  return { plan: { id, folder, tries: [makeStored(id, entry, { folder, source }, store)] }, events: [approved] };
};

export const settle = (packages: readonly LoadedPackage[], unread: readonly Refusal[], options: SettleOptions): Settled => {
  const ids = new Set(packages.map(({ fallbackId }) => fallbackId));
  const all = [
    ...packages.map((found) => settleFound(found, options)),
    ...unread.filter(({ id }) => id !== undefined && !ids.has(id)).map((refusal) => settleUnread(refusal, options)),
  ];
  return {
    plans: all.flatMap(({ plan }) => plan ?? []),
    parked: all.flatMap(({ parked }) => parked ?? []),
    events: all.flatMap(({ events }) => events),
  };
};
