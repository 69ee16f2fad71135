// What was asked, is asked, is approved, may be at most and is used: one row a wish. Pure; must never leave a wish out.
import type { Manifest } from '../config/manifest.ts';
import type { Ceiling } from '../config/runtime-options.ts';
import type { Change } from './compare.ts';
import { type Approved, digestOf, type LockEntry, type SelfDescription } from './lock.ts';
import type { Usage, Used } from './usage.ts';

/** One wish in its five columns; null: it is not there. */
export interface DiffRow {
  /** `database.tables.articles.read`, `limits.cpuMs`. */
  readonly path: string;
  /** One entry of a list: `PUBLIC_URL` of `env.keys`; null for anything else. */
  readonly item: string | null;
  /** By the package that was approved. */
  readonly was: string | null;
  /** By the package that is there. */
  readonly asks: string | null;
  readonly approved: string | null;
  /** `any`: there is no ceiling for it. `never`: the ceiling takes the capability away. */
  readonly ceiling: string | null;
  /** null: nothing of it is on the ledger, or it leaves no trace there that could be told from others. */
  readonly used: Used | null;
}

export interface ApprovalDiff {
  readonly id: string;
  /** `approved`: it runs. `upgraded`: it runs, and is another package. `parked`: the approved one runs. `new`: nothing runs. `gone`: nothing is there to run. */
  readonly state: 'approved' | 'upgraded' | 'parked' | 'new' | 'gone';
  readonly change: Change | null;
  /** `digest`: over script and wishes, for `approve` to hold it to. */
  readonly found: { readonly version: string; readonly artifact: string; readonly digest: string; readonly folder: string } | null;
  readonly approved: { readonly version: string; readonly artifact: string; readonly by: string; readonly at: string } | null;
  readonly rows: readonly DiffRow[];
}

type Leaf = readonly [path: string, item: string | null, value: string];

/** Leaves of a grant: a scalar, an entry of a list, or something empty. */
const leavesOf = (value: unknown, path: string): readonly Leaf[] => {
  if (Array.isArray(value)) {
    if (value.length === 0) return [[path, null, '[]']];
    return value.map((item) => [path, typeof item === 'string' ? item : JSON.stringify(item), 'yes']);
  }
  if (typeof value !== 'object' || value === null) return [[path, null, JSON.stringify(value) ?? '']];
  const entries = Object.entries(value);
  return entries.length === 0 ? [[path, null, '{}']] : entries.flatMap(([key, inner]) => leavesOf(inner, `${path}.${key}`));
};

interface Wishes {
  readonly capabilities?: Readonly<Record<string, unknown>>;
  readonly limits?: Readonly<Record<string, unknown>>;
}

const keyOf = (path: string, item: string | null): string => JSON.stringify([path, item]);

const columnOf = (wishes: Wishes | null | undefined): ReadonlyMap<string, Leaf> => {
  const { capabilities = {}, limits = {} } = wishes ?? {};
  const leaves = [
    ...Object.entries(capabilities).flatMap(([name, grant]) => leavesOf(grant, name)),
    ...Object.entries(limits).flatMap(([name, limit]) => leavesOf(limit, `limits.${name}`)),
  ];
  return new Map(leaves.map((leaf) => [keyOf(leaf[0], leaf[1]), leaf]));
};

const usedOf = (usage: Usage, path: string, item: string | null): Used | null => {
  const words = usage.get(path.split('.', 1)[0] ?? '');
  if (words === undefined) return null;
  if (item !== null && words.has(item)) return words.get(item) ?? null;
  // An operation's own rule stands for what is said of the operation.
  for (let at = path; at.includes('.'); at = at.slice(0, at.lastIndexOf('.'))) {
    const used = words.get(at);
    if (used !== undefined && item === null) return used;
  }
  return path.includes('.') ? null : (words.get('') ?? null);
};

export interface DiffInput {
  readonly id: string;
  readonly entry: LockEntry | null;
  readonly found: (SelfDescription & { readonly folder: string }) | null;
  readonly change: Change | null;
  readonly everyHash: boolean;
  readonly ceiling: Ceiling;
  readonly usage: Usage;
}

const stateOf = ({ entry, found, change, everyHash }: DiffInput): ApprovalDiff['state'] => {
  if (found === null) return 'gone';
  if (entry === null) return 'new';
  if (change === 'none') return 'approved';
  return change === 'wider' || everyHash ? 'parked' : 'upgraded';
};

const ceilingFor = (
  { capabilities, limits }: Ceiling,
  leaves: ReadonlyMap<string, Leaf>,
  path: string,
  item: string | null,
): string | null => {
  const found = leaves.get(keyOf(path, item));
  if (found !== undefined) return found[2];
  const [name = '', limit = ''] = path.split('.');
  if (name === 'limits') return Object.hasOwn(limits, limit) ? null : 'any';
  if (capabilities === null) return 'any';
  return capabilities.get(name) === false ? 'never' : null;
};

export const makeDiff = (input: DiffInput): ApprovalDiff => {
  const { id, entry, found, change, ceiling, usage } = input;
  const most: Wishes = {
    capabilities: Object.fromEntries([...(ceiling.capabilities ?? [])].filter(([, grant]) => grant !== false)),
    limits: ceiling.limits,
  };
  const asked: Manifest | null | undefined = entry?.asked;
  const approvedWishes: Approved | undefined = entry?.approved;
  const [was, asks, approved, top] = [columnOf(asked), columnOf(found?.asked), columnOf(approvedWishes), columnOf(most)];
  const keys = [...new Set([...was.keys(), ...asks.keys(), ...approved.keys()])];
  const named = new Set(keys.map((key) => (JSON.parse(key) as Leaf)[0].split('.', 1)[0]));
  // What it uses and nobody asked for: it can be so in audit, or without a manifest.
  const unasked = [...usage.keys()].filter((name) => !named.has(name)).map((name) => keyOf(name, null));
  const rows = [...keys, ...unasked].map((key): DiffRow => {
    const [path, item] = JSON.parse(key) as readonly [string, string | null];
    const cell = (column: ReadonlyMap<string, Leaf>): string | null => column.get(key)?.[2] ?? null;
    return {
      path,
      item,
      was: cell(was),
      asks: cell(asks),
      approved: cell(approved),
      ceiling: ceilingFor(ceiling, top, path, item),
      used: usedOf(usage, path, item),
    };
  });
  const order = (row: DiffRow): string => `${row.path}\u0000${row.item ?? ''}`;
  return {
    id,
    state: stateOf(input),
    change,
    found: found === null ? null : { version: found.version, artifact: found.artifact, digest: digestOf(found), folder: found.folder },
    approved: entry === null ? null : { version: entry.version, artifact: entry.artifact, by: entry.by, at: entry.at },
    rows: rows.sort((one, other) => (order(one) < order(other) ? -1 : 1)),
  };
};
