// What each extension did, against what it was given, as data. Must never say more than the ledger has.
import type { GrantLine } from '../bridge/capability.ts';
import type { LimitName } from '../limits/table.ts';
import { isCovered, type Learnings } from './lines.ts';
import { type CapabilityTally, type Denial, type ExtensionTally, foldUses } from './tally.ts';

export interface ReportedLine {
  readonly line: GrantLine;
  readonly count: number;
  /** ISO 8601. */
  readonly last: string;
  readonly wouldDeny: number;
}

export interface ReportedCapability {
  readonly name: string;
  readonly granted: boolean;
  /** Calls that went through; for what is used by requests, those. */
  readonly calls: number;
  readonly denied: number;
  readonly wouldDeny: number;
  readonly last: string | null;
  readonly used: readonly ReportedLine[];
  /** Granted when it was loaded last, and not used since. */
  readonly unused: readonly GrantLine[];
  readonly denials: readonly Readonly<Denial>[];
}

export interface ReportedBudget {
  readonly name: LimitName;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** null: the ledger has no load of it. */
  readonly limit: number | null;
  /** How often it was gone over. */
  readonly breaches: number;
}

export interface ExtensionReport {
  readonly extension: string;
  readonly versions: readonly string[];
  readonly artifact: string;
  readonly folder: string;
  readonly requests: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly capabilities: readonly ReportedCapability[];
  readonly budgets: readonly ReportedBudget[];
  /** Uses that were not counted because there were too many different ones. */
  readonly uncounted: number;
}

const round = (value: number): number => (value >= 100 ? Math.round(value) : Math.round(value * 100) / 100);

const byCount = <Counted extends { readonly count: number }>(list: readonly Counted[]): readonly Counted[] =>
  list.toSorted((left, right) => right.count - left.count);

const reportCapability = (name: string, tally: CapabilityTally, learnings: Learnings): ReportedCapability => {
  const learning = learnings.get(name);
  const uses = [...tally.lines.values()];
  return {
    name,
    granted: tally.isGranted,
    calls: tally.calls,
    denied: tally.denied,
    wouldDeny: tally.wouldDeny,
    last: tally.last === '' ? null : tally.last,
    used: byCount(learning === undefined ? uses : foldUses(uses, learning)),
    unused: learning === undefined ? [] : tally.granted.filter((line) => !uses.some((use) => isCovered(learning, [line], use.line))),
    denials: byCount([...tally.denials.values()]),
  };
};

export const reportBudgets = (tally: ExtensionTally): readonly ReportedBudget[] =>
  [...tally.budgets].map(([name, sketch]) => ({
    name,
    p50: round(sketch.quantile(0.5)),
    p99: round(sketch.quantile(0.99)),
    p999: round(sketch.quantile(0.999)),
    max: round(sketch.max),
    limit: tally.limits.get(name) ?? null,
    breaches: tally.breaches.get(name)?.count ?? 0,
  }));

export const makeReport = (extension: string, tally: ExtensionTally, learnings: Learnings): ExtensionReport => ({
  extension,
  versions: [...tally.versions],
  artifact: tally.artifact,
  folder: tally.folder,
  requests: tally.requests,
  first: tally.first === '' ? null : tally.first,
  last: tally.last === '' ? null : tally.last,
  outcomes: Object.fromEntries(tally.outcomes),
  capabilities: [...tally.capabilities]
    .map(([name, one]) => reportCapability(name, one, learnings))
    .toSorted((left, right) => right.calls - left.calls || (left.name < right.name ? -1 : 1)),
  budgets: reportBudgets(tally),
  uncounted: tally.uncounted,
});
