// What an extension is loaded with, for whoever reads the ledger later: without it, what was never used could not be told. Must never hold a value of env or a row rule.
import type { Effective } from '../config/effective.ts';
import type { LifeEvent } from '../ledger/entry.ts';
import { commonLines, type Learnings, packLines } from './lines.ts';

/** Event, subject and reason of a `life` entry. */
export type GrantRecord = readonly [event: LifeEvent, subject: string, reason: string];

/** In mode `audit`, what would hold in `enforce`; null: not granted. */
const grantsOf = ({ grants, reported }: Effective, capability: string): readonly unknown[] | null => {
  const waived = reported.get(capability)?.find((one) => one.by === 'grants');
  if (waived === undefined) return grants.get(capability) ?? null;
  return waived.grants === null ? null : [...(grants.get(capability) ?? []), ...waived.grants];
};

/** `package.limits`: the folder, and the limits as `cpuMs=50 …`. `package.granted`: a capability, and lines of its grant. */
export const describeGrants = (folder: string, effective: Effective, learnings: Learnings): readonly GrantRecord[] => {
  const records: GrantRecord[] = [['package.limits', folder, showLimits(effective)]];
  for (const capability of effective.grants.keys()) {
    const grants = grantsOf(effective, capability);
    const learning = learnings.get(capability);
    if (grants === null) continue;
    const lines = learning === undefined ? [] : commonLines(learning, grants);
    for (const text of packLines(lines)) records.push(['package.granted', capability, text]);
  }
  return records;
};

/** All of them are longer than an entry keeps; these are what a report compares use with. */
const reportedLimits = [
  'cpuMs',
  'wallMs',
  'memoryMb',
  'hostCalls',
  'resultBytes',
  'bodyInBytes',
  'bodyOutBytes',
  'logLines',
  'logBytes',
] as const;

const showLimits = ({ limits }: Effective): string => reportedLimits.map((name) => `${name}=${String(limits[name])}`).join(' ');
