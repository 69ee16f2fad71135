// The least manifest for what was seen, and how it differs from today's. Must never suggest a line that nobody used, nor a limit above today's.
import type { GrantLine } from '../bridge/capability.ts';
import type { Manifest } from '../config/manifest.ts';
import { type LimitName, limitTable } from '../limits/table.ts';
import { suggestLimit } from './headroom.ts';
import { isCovered, type Learnings } from './lines.ts';
import { type ReportedBudget, reportBudgets } from './report.ts';
import { type ExtensionTally, foldUses, type LineUse } from './tally.ts';

export interface SuggestedLine {
  readonly capability: string;
  readonly line: GrantLine;
  /** `keep`: today's manifest has it already, perhaps as part of a wider line. */
  readonly change: 'add' | 'keep';
  readonly count: number;
  readonly last: string;
}

export interface DroppedLine {
  readonly capability: string;
  readonly line: GrantLine;
  readonly why: 'never used' | 'wider than what was used';
}

export interface SuggestedLimit extends ReportedBudget {
  readonly today: number;
  readonly suggested: number;
}

export interface Suggestion {
  readonly extension: string;
  readonly requests: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly manifest: Manifest;
  readonly lines: readonly SuggestedLine[];
  readonly dropped: readonly DroppedLine[];
  readonly limits: readonly SuggestedLimit[];
  /** Capabilities that were used and say nothing of how: their grants stay as they are. */
  readonly unlearned: readonly string[];
}

export interface SuggestInput {
  readonly extension: string;
  readonly tally: ExtensionTally;
  readonly learnings: Learnings;
  /** What every extension has without asking: left out of a manifest it would be had in full. */
  readonly baseline: ReadonlyMap<string, unknown>;
  /** null: the package has no manifest. */
  readonly today: Manifest | null;
}

interface Learned {
  readonly grant: unknown;
  readonly lines: readonly SuggestedLine[];
  readonly dropped: readonly DroppedLine[];
}

const learn = (capability: string, uses: readonly LineUse[], today: unknown, learnings: Learnings): Learned | null => {
  const learning = learnings.get(capability);
  if (learning === undefined) return null;
  const asked = today === undefined ? [] : learning.linesOf(today);
  const grant = learning.grantFor(
    uses.map(({ line }) => line),
    today,
  );
  const given = learning.linesOf(grant);
  // A use that another line of the grant covers has no line of its own in it.
  const needed = uses.filter(({ line }) => given.some((one) => isCovered(learning, [line], one)) || isCovered(learning, given, line));
  return {
    grant,
    lines: needed.map(({ line, count, last }) => ({
      capability,
      line,
      change: isCovered(learning, asked, line) ? 'keep' : 'add',
      count,
      last,
    })),
    dropped: asked
      .filter((line) => !isCovered(learning, given, line))
      .map((line) => ({
        capability,
        line,
        why: uses.some((use) => isCovered(learning, [line], use.line)) ? 'wider than what was used' : 'never used',
      })),
  };
};

const suggestLimits = (tally: ExtensionTally, today: Manifest | null): readonly SuggestedLimit[] =>
  reportBudgets(tally).flatMap((budget) => {
    const limit = tally.limits.get(budget.name) ?? today?.limits?.[budget.name] ?? limitTable[budget.name].default;
    const suggested = suggestLimit(budget.name, budget.p999, limit);
    return suggested === undefined ? [] : [{ ...budget, today: limit, suggested }];
  });

const grantIn = (manifest: Manifest | null, name: string): unknown => {
  const grants = manifest?.capabilities ?? {};
  return Object.hasOwn(grants, name) ? grants[name] : undefined;
};

export const makeSuggestion = ({ extension, tally, learnings, baseline, today }: SuggestInput): Suggestion => {
  const capabilities: Record<string, unknown> = {};
  const lines: SuggestedLine[] = [];
  const dropped: DroppedLine[] = [];
  const unlearned: string[] = [];
  const asked = Object.keys(today?.capabilities ?? {});
  const names = new Set([...baseline.keys(), ...asked, ...tally.capabilities.keys()]);
  for (const name of [...names].toSorted()) {
    const used = tally.capabilities.get(name);
    const grant = grantIn(today, name);
    const learning = learnings.get(name);
    const uses = used === undefined || learning === undefined ? [] : foldUses([...used.lines.values()], learning);
    const learned = learn(name, uses, grant, learnings);
    if (learned !== null) {
      const isNeeded = baseline.has(name) || (used?.calls ?? 0) > 0;
      if (isNeeded) capabilities[name] = learned.grant;
      lines.push(...learned.lines);
      dropped.push(
        ...(isNeeded || learned.dropped.length > 0 ? learned.dropped : [{ capability: name, line: [], why: 'never used' as const }]),
      );
    } else if (used !== undefined && used.calls > 0) {
      unlearned.push(name);
      if (grant !== undefined) capabilities[name] = grant;
    }
  }
  const limits = suggestLimits(tally, today);
  const suggested = Object.fromEntries(limits.map(({ name, suggested: value }): [LimitName, number] => [name, value]));
  return {
    extension,
    requests: tally.requests,
    first: tally.first === '' ? null : tally.first,
    last: tally.last === '' ? null : tally.last,
    manifest: {
      ...today,
      capabilities,
      ...(limits.length === 0 && today?.limits === undefined ? {} : { limits: { ...today?.limits, ...suggested } }),
    },
    lines,
    dropped,
    limits,
    unlearned,
  };
};
