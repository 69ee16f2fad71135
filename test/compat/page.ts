// Makes docs/compatibility.md of what the compatibility run found and of the published differences. Pure: must never run or read anything.
import { differences } from './differences.ts';
import type { EndpointResult, PackageResult, Results } from './runner/results.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

const said: Readonly<Record<PackageResult['outcome'], string>> = { same: 'runs', refused: 'refused, and says so', fails: '**does not**' };

/** One row for a name whose versions all do the same. */
const byName = (packages: readonly PackageResult[]): readonly (readonly string[])[] => {
  const rows = new Map<string, { readonly first: PackageResult; readonly versions: string[] }>();
  for (const one of packages) {
    const key = `${one.name} ${one.outcome} ${one.note}`;
    const row = rows.get(key) ?? { first: one, versions: [] };
    row.versions.push(one.version);
    rows.set(key, row);
  }
  return [...rows.values()].map(({ first, versions }) => [
    first.name,
    versions.join(', '),
    first.does,
    said[first.outcome] + (first.note === '' ? '' : `: ${first.note}`),
  ]);
};

const yes = (is: boolean): string => (is ? 'yes' : 'no');
const endpointRow = ({ name, version, kind, loads, registers, asked, answers, note }: EndpointResult): readonly string[] => [
  name,
  version,
  kind,
  yes(loads),
  yes(registers),
  asked === 0 ? '–' : `${answers} of ${asked}`,
  note,
];

const byReason = (): readonly (readonly string[])[] => {
  const reasons = new Map<string, string[]>();
  for (const [name, reason] of Object.entries(differences)) reasons.set(reason, [...(reasons.get(reason) ?? []), name]);
  return [...reasons].map(([reason, names]) => [reason, names.sort().join('; ')]);
};

const count = (packages: readonly PackageResult[], outcome: PackageResult['outcome']): number =>
  packages.filter((one) => one.outcome === outcome).length;

export const makeCompatibilityPage = ({ date, node, packages, endpoints, programs }: Results): string => `# What runs

<!-- Made by \`npm run test:packages -- --write\` from test/compat/results.json and test/compat/differences.ts; do not edit it. -->

Taken on ${date} with Node ${node}. Nothing of these packages is in the repository: the run fetches each by exact name and version, without running its scripts, and bundles it, as it is, into an extension.

## Packages from npm

The same extension runs in plain Node and Express and in Cloister, over HTTP, against an upstream on the loopback that it was granted with \`fetch\`. _Runs_ means that the two answers are the same, byte for byte. Each has 128 MB and ten seconds of processor time: this is about what runs, not about sizes. ${packages.length} rows: ${count(packages, 'same')} run, ${count(packages, 'refused')} are refused as they must be, ${count(packages, 'fails')} do not run.

${table(['package', 'versions', 'used for', 'in Cloister'], byName(packages))}

## Directus packages from npm

Endpoints, bundles and hooks of others, unchanged, with the grants they need, a database with the tables they expect, and services that stand for Directus's.

${table(['package', 'version', 'kind', 'loads', 'registers', 'answers', 'notes'], endpoints.map(endpointRow))}

## The platform, program by program

${programs} small programs over Buffer, URL, util, events, streams, crypto, zlib, fetch's classes, timers, the language and more print in a cell what they print in Node, but for the ${Object.keys(differences).length} below. \`npm test\` runs all of them both ways, and fails when one of these differences is gone or another comes.

${table(['why', 'programs'], byReason())}
`;
