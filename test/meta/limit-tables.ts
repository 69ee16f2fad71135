// The tables of docs/limits.md as they follow from the code. Run as a program it writes them into the file; the test next to it compares. Must never write anything else.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { approvalBounds } from '../../src/approvals/bounds.ts';
import { bridgeBounds } from '../../src/bridge/bounds.ts';
import { databaseBounds } from '../../src/capabilities/database/bounds.ts';
import { emitterBounds } from '../../src/capabilities/emitter/bounds.ts';
import { envBounds } from '../../src/capabilities/env/bounds.ts';
import { fetchBounds } from '../../src/capabilities/fetch/bounds.ts';
import { filesBounds } from '../../src/capabilities/files/bounds.ts';
import { kvBounds } from '../../src/capabilities/kv/bounds.ts';
import { logBounds } from '../../src/capabilities/log/bounds.ts';
import { routerBounds } from '../../src/capabilities/router/bounds.ts';
import { schemaBounds } from '../../src/capabilities/schema/bounds.ts';
import { servicesBounds } from '../../src/capabilities/services/bounds.ts';
import { itemsBounds } from '../../src/capabilities/services/items/bounds.ts';
import { apiBounds } from '../../src/http/api/bounds.ts';
import { canaryBounds } from '../../src/installation/canary/bounds.ts';
import { jobBounds } from '../../src/jobs/bounds.ts';
import { ledgerBounds } from '../../src/ledger/bounds.ts';
import { packageLimitTable } from '../../src/limits/package-table.ts';
import { type LimitRow, limitTable } from '../../src/limits/table.ts';
import { registryBounds } from '../../src/registry/bounds.ts';

type Bounds = Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;

export const limitsFile = join(import.meta.dirname, '../../docs/limits.md');

const asCount = (value: number): string => value.toLocaleString('en-US');

const limitRows = (table: Readonly<Record<string, LimitRow>>): readonly string[] => [
  '| limit | unit | default | ceiling | floor | what it holds |',
  '|---|---|--:|--:|--:|---|',
  ...Object.entries(table).map(
    ([name, row]) =>
      `| \`${name}\` | ${row.unit} | ${asCount(row.default)} | ${asCount(row.ceiling)} | ${asCount(row.floor)} | ${row.meaning} |`,
  ),
];

const boundRows = (bounds: Bounds): readonly string[] => [
  '| bound | unit | value | what it holds |',
  '|---|---|--:|---|',
  ...Object.entries(bounds).map(([name, row]) => `| \`${name}\` | ${row.unit} | ${asCount(row.value)} | ${row.meaning} |`),
];

/** Name of a table in the file → its lines. */
export const limitTables: ReadonlyMap<string, readonly string[]> = new Map([
  ['requests', limitRows(limitTable)],
  ['packages', limitRows(packageLimitTable)],
  ['bridge', boundRows(bridgeBounds)],
  ['approvals', boundRows(approvalBounds)],
  ['registry', boundRows(registryBounds)],
  ['ledger', boundRows(ledgerBounds)],
  ['log', boundRows(logBounds)],
  ['emitter', boundRows(emitterBounds)],
  ['env', boundRows(envBounds)],
  ['router', boundRows(routerBounds)],
  ['database', boundRows(databaseBounds)],
  ['schema', boundRows(schemaBounds)],
  ['services', boundRows(servicesBounds)],
  ['items', boundRows(itemsBounds)],
  ['fetch', boundRows(fetchBounds)],
  ['files', boundRows(filesBounds)],
  ['canary', boundRows(canaryBounds)],
  ['api', boundRows(apiBounds)],
  ['kv', boundRows(kvBounds)],
  ['jobs', boundRows(jobBounds)],
]);

const placeOf = (name: string): RegExp => new RegExp(`(<!-- table: ${name} -->\\n)[^]*?(<!-- end -->)`);

/** Names of the tables a text has a place for. */
export const placesIn = (text: string): readonly string[] => [...text.matchAll(/<!-- table: ([a-z]+) -->/g)].map(([, name]) => name ?? '');

const trimRow = (line: string): string =>
  line
    .split('|')
    .map((cell) => (/^ *:?-+:? *$/.test(cell) ? '-' : cell.trim()))
    .join('|');

/** Lines as they mean the same to every formatter: how wide a column is says nothing. */
export const linesOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (line.startsWith('|') ? trimRow(line) : line));

export const fillTables = (text: string): string => {
  let filled = text;
  for (const [name, rows] of limitTables) filled = filled.replace(placeOf(name), `$1${rows.join('\n')}\n$2`);
  return filled;
};

if (import.meta.main) await writeFile(limitsFile, fillTables(await readFile(limitsFile, 'utf8')));
