// What a check found, as lines for a terminal. Must never let what a package says move a cursor or start a line.
import { showLine } from '../audit/lines.ts';
import { makeSafeText } from '../capabilities/log/safe-text.ts';
import type { CheckResult, PackageCheck } from './check-package.ts';

const listed = (names: readonly string[]): string => (names.length === 0 ? 'nothing' : names.join(', '));

const showPackage = (one: PackageCheck): readonly string[] => [
  `${one.id} ${one.version}, ${one.kind}: ${String(one.scriptBytes)} bytes, sha256 ${one.artifact}`,
  ...(one.unread === null ? [] : [`  UNREAD   its code cannot be read beforehand: ${one.unread}`]),
  `  imports  ${listed(one.imports)}`,
  `  takes    ${listed(one.context)}`,
  ...(one.hidden.length === 0 ? [] : [`  hides    ${one.hidden.join(', ')}: code that nobody can read beforehand`]),
  ...one.seen.map(
    ({ capability, line, asked }) => `  ${one.hasManifest && !asked ? 'LACKS  ' : 'uses   '}  ${capability} ${showLine(line)}`,
  ),
  ...one.unclear.map((capability) => `  unclear  ${capability}: more of its use shows only when it runs`),
  ...one.unseen.map(({ capability, line }) => `  UNSEEN   ${capability} ${showLine(line)}: asked for, and nowhere in its code`),
  ...(one.hasManifest ? [] : ['  asks     nothing: it has no `cloister` key; try it in mode audit, then `cloister audit suggest`']),
  ...one.assertions.map(({ name, expected, found, rule, holds }) =>
    holds ? `  holds    ${expected}: ${name}` : `  FAILS    ${expected}: ${name}; it is ${found} by ${rule}`,
  ),
];

export const showCheck = ({ packages, refused, ok, exact }: CheckResult): readonly string[] =>
  [
    ...refused.map(({ code, message }) => `REFUSED  ${message} (${code})`),
    ...packages.flatMap(showPackage),
    ok ? (exact ? 'ok' : 'ok, but asks for more or less than its code seems to use (--strict fails on that)') : 'not ok',
  ].map(makeSafeText);
