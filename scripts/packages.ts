// `npm run test:packages [-- part-of-a-name …] [--write]`: packages from npm, as they are, in plain Node and in a cell. Exit code 1 where one does worse than results.json says. Must never run their scripts or leave anything of theirs in the repository.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeCompatibilityPage } from '../test/compat/page.ts';
import { installRow, makeRows, type Row, writeExtension } from '../test/compat/runner/install.ts';
import type { EndpointResult, PackageResult, Results } from '../test/compat/runner/results.ts';
import { runRows } from '../test/compat/runner/run.ts';
import { runEndpoint } from '../test/compat/runner/run-endpoints.ts';
import { openPackagesUpstream } from '../test/compat/runner/upstream.ts';
import { endpointPackages } from '../test/compat/uses/endpoints.ts';
import { packageUses } from '../test/compat/uses/table.ts';

const root = path.dirname(import.meta.dirname);
const resultsFile = path.join(root, 'test/compat/results.json');
const pageFile = path.join(root, 'docs/compatibility.md');
/** What was fetched before is kept there: a version never changes. */
const cache = process.env['CLOISTER_PACKAGES_CACHE'] ?? path.join(os.tmpdir(), 'cloister-packages-from-npm');
const perRuntime = 6;

const parts = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const isMeant = (id: string): boolean => parts.length === 0 || parts.some((part) => id.includes(part));
const known: Results | undefined = existsSync(resultsFile) ? (JSON.parse(readFileSync(resultsFile, 'utf8')) as Results) : undefined;
mkdirSync(cache, { recursive: true });

const sayError = (error: unknown): string =>
  String((error as Error).message)
    .split('\n')
    .filter((line) => /npm error (?!A complete)/.test(line))
    .slice(0, 2)
    .join(' ') || String(error);

const packages: PackageResult[] = [];
const keep = ({ use, version }: Row, outcome: Pick<PackageResult, 'outcome' | 'note'>): void => {
  packages.push({ name: use.name, version, does: use.does, ...outcome });
  console.log(`${outcome.outcome.padEnd(8)} ${use.name} ${version}  ${outcome.note}`);
};

const runBatch = async (rows: readonly Row[], origin: string): Promise<void> => {
  const installed: Row[] = [];
  for (const row of rows) {
    try {
      await installRow(row);
      await writeExtension(row, origin);
      installed.push(row);
    } catch (error) {
      keep(row, { outcome: 'fails', note: `npm does not install it: ${sayError(error)}` });
    }
  }
  if (installed.length > 0) for (const [row, outcome] of await runRows(installed, origin)) keep(row, outcome);
};

const endpoints: EndpointResult[] = [];
const upstream = await openPackagesUpstream();
try {
  const rows = makeRows(packageUses, cache).filter(({ id }) => isMeant(id));
  for (let from = 0; from < rows.length; from += perRuntime) await runBatch(rows.slice(from, from + perRuntime), upstream.origin);
  for (const one of endpointPackages.filter(({ name }) => isMeant(name))) {
    const result = await runEndpoint(one, cache, upstream.origin);
    endpoints.push(result);
    console.log(
      `${result.registers ? 'serves ' : 'refused'} ${result.name} ${result.version}  ${result.answers} of ${result.asked} answers  ${result.note}`,
    );
  }
} finally {
  await upstream.close();
}

/** A row that did well once has to go on. */
const wentWell = (name: string, version: string): boolean =>
  known?.packages.some((one) => one.name === name && one.version === version && one.outcome !== 'fails') === true;
const worse = packages.filter(({ name, version, outcome }) => outcome === 'fails' && wentWell(name, version));
const worseEndpoints = endpoints.filter((one) =>
  known?.endpoints.some(
    ({ name, version, answers, registers }) =>
      name === one.name && version === one.version && (one.answers < answers || (registers && !one.registers)),
  ),
);

if (process.argv.includes('--write')) {
  const { names } = (await import(path.join(root, 'test/fixtures/programs/main.js'))) as { readonly names: readonly string[] };
  // A run of some rows changes only those; a row that is off the tables goes.
  const all = makeRows(packageUses, cache).flatMap(({ use, version }) => {
    const isIt = (one: PackageResult): boolean => one.name === use.name && one.version === version;
    return packages.find(isIt) ?? known?.packages.find(isIt) ?? [];
  });
  const allEndpoints = endpointPackages.flatMap(({ name, version }) => {
    const isIt = (one: EndpointResult): boolean => one.name === name && one.version === version;
    return endpoints.find(isIt) ?? known?.endpoints.find(isIt) ?? [];
  });
  const date = new Date().toISOString().slice(0, 10);
  const results: Results = { date, node: process.version.slice(1), packages: all, endpoints: allEndpoints, programs: names.length };
  writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(pageFile, makeCompatibilityPage(results));
}
const failed = worse.length + worseEndpoints.length;
console.log(`${packages.length + endpoints.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
