// A report as lines for a terminal. Must never let what a guest wrote move a cursor or start a line.
import { makeSafeText } from '../capabilities/log/safe-text.ts';
import { showLine } from './lines.ts';
import type { ExtensionReport, ReportedBudget, ReportedCapability } from './report.ts';

const times = (count: number): string => (count === 1 ? 'once' : `${String(count)} times`);

const showCapability = (one: ReportedCapability): readonly string[] => {
  const counts = [
    one.calls === 0 ? 'never used' : `used ${times(one.calls)}`,
    ...(one.wouldDeny === 0 ? [] : [`${String(one.wouldDeny)} would be denied`]),
    ...(one.denied === 0 ? [] : [`denied ${times(one.denied)}`]),
    ...(one.granted ? [] : ['not granted']),
  ];
  return [
    `  ${one.name}: ${counts.join(', ')}`,
    ...one.used.map(
      (use) =>
        `    used    ${showLine(use.line)}  ${times(use.count)}, last ${use.last}${use.wouldDeny === 0 ? '' : `, ${String(use.wouldDeny)} would be denied`}`,
    ),
    ...one.unused.map((line) => `    unused  ${showLine(line)}`),
    ...one.denials.map((denial) => `    denied  ${denial.method} by ${denial.rule}  ${times(denial.count)}, last ${denial.last}`),
  ];
};

const showBudget = ({ name, p50, p99, max, limit, breaches }: ReportedBudget): string => {
  const over = breaches === 0 ? '' : `, over it ${times(breaches)}`;
  const against = name === 'memoryMb' ? ' (growth of one request)' : '';
  return `    ${name.padEnd(13)}p50 ${String(p50)}, p99 ${String(p99)}, most ${String(max)}, limit ${limit === null ? 'unknown' : String(limit)}${over}${against}`;
};

export const showReport = (report: ExtensionReport): readonly string[] =>
  [
    `${report.extension} ${report.versions.join(', ')}: ${String(report.requests)} requests${report.first === null ? '' : `, ${report.first} to ${String(report.last)}`}`,
    ...report.capabilities.flatMap(showCapability),
    ...(report.budgets.length === 0 ? [] : ['  budgets', ...report.budgets.map(showBudget)]),
    ...(report.uncounted === 0 ? [] : [`  ${String(report.uncounted)} uses were not counted: too many different ones`]),
  ].map(makeSafeText);
