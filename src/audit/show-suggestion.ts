// A suggestion as lines for a terminal: a diff, what speaks for each line, the manifest. Must never let what a guest wrote move a cursor or start a line.
import { makeSafeText } from '../capabilities/log/safe-text.ts';
import { showLine } from './lines.ts';
import type { Suggestion } from './suggest.ts';

const times = (count: number): string => (count === 1 ? 'once' : `${String(count)} times`);

const width = (texts: readonly string[]): number => Math.min(60, Math.max(0, ...texts.map((text) => text.length)));

export const showSuggestion = (suggestion: Suggestion): readonly string[] => {
  const { extension, requests, first, last, lines, dropped, limits, unlearned, manifest } = suggestion;
  const added = lines.map((one) => `${one.capability} ${showLine(one.line)}`);
  const gone = dropped.map((one) => `${one.capability} ${showLine(one.line)}`);
  const column = width([...added, ...gone]);
  return [
    `${extension}: the least manifest for ${String(requests)} requests${first === null ? '' : `, ${first} to ${String(last)}`}`,
    ...lines.map(
      (one, index) => `  ${one.change === 'add' ? '+' : ' '} ${(added[index] ?? '').padEnd(column)}  ${times(one.count)}, last ${one.last}`,
    ),
    ...dropped.map((one, index) => `  - ${(gone[index] ?? '').padEnd(column)}  ${one.why}`),
    ...limits.map(
      (one) =>
        `  ~ limits ${one.name} ${String(one.today)} -> ${String(one.suggested)}  p50 ${String(one.p50)}, p99 ${String(one.p99)}, p99.9 ${String(one.p999)}, most ${String(one.max)}`,
    ),
    ...unlearned.map((name) => `  ? ${name} was used; how is not learned, so its grant stays as it is`),
  ]
    .concat(['', ...JSON.stringify({ cloister: manifest }, null, 2).split('\n')])
    .map(makeSafeText);
};
