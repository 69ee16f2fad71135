// Shows the measurements as one text table. Must never round away what a ratio depends on: ratios are of the unrounded figures.
import { arch, cpus, totalmem } from 'node:os';
import type { BootRow } from './boot.ts';
import type { CryptoRow } from './crypto.ts';
import type { LedgerRow } from './ledger-price.ts';
import type { MemoryRow } from './memory.ts';
import type { StartRow } from './starts.ts';
import type { Row } from './throughput.ts';
import type { WarmQuery } from './warm-query.ts';

const show = (value: number, digits: number): string => (Number.isFinite(value) ? value.toFixed(digits) : '–');

export type Layout = (heading: readonly string[], lines: readonly (readonly string[])[], leftColumns: number) => string;

/** Columns as wide as their widest cell; the first two to the left, numbers to the right. */
export const makeTable: Layout = (heading, lines, leftColumns) => {
  const widths = heading.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)));
  const format = (line: readonly string[]): string =>
    line
      .map((cell, column) => (column < leftColumns ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [format(heading), widths.map((width) => '-'.repeat(width)).join('  '), ...lines.map(format)].join('\n');
};

/** The same as Markdown has it. */
export const makeMarkdownTable: Layout = (heading, lines, leftColumns) => {
  const write = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [write(heading), write(heading.map((_, column) => (column < leftColumns ? '---' : '---:'))), ...lines.map(write)].join('\n');
};

const ratioTo = (row: Row, rows: readonly Row[]): string => {
  const mark = rows.find(
    ({ peer, scenario, connections, mode }) =>
      peer === 'express' && scenario === row.scenario && connections === row.connections && mode === row.mode,
  );
  return mark === undefined ? '–' : show(row.requestsPerSecond / mark.requestsPerSecond, 2);
};

export const showRows = (rows: readonly Row[], lay: Layout): string =>
  lay(
    ['mode', 'scenario', 'peer', 'conns', 'req/s', '× express', 'p50 ms', 'p99 ms', 'CPU ms/req', 'generator'],
    rows.map((row) => [
      row.mode,
      row.scenario,
      row.peer,
      String(row.connections),
      show(row.requestsPerSecond, 0),
      ratioTo(row, rows),
      show(row.p50Ms, 2),
      show(row.p99Ms, 2),
      show(row.cpuMsPerRequest, 3),
      `${show(row.generatorLoad * 100, 0)} %`,
    ]),
    3,
  );

export const showBoot = (rows: readonly BootRow[], lay: Layout): string =>
  lay(
    ['cold cell', 'samples', 'median ms', 'p90 ms', 'max ms'],
    rows.map((row) => [
      row.database ? 'with database' : 'without',
      String(row.samples),
      show(row.medianMs, 1),
      show(row.p90Ms, 1),
      show(row.maxMs, 1),
    ]),
    1,
  );

export const showCrypto = (rows: readonly CryptoRow[], lay: Layout): string =>
  lay(
    ['one piece of work', 'Node ms', 'cell ms'],
    rows.map((row) => [row.name, show(row.nodeMs, 2), show(row.cellMs, 2)]),
    1,
  );

export const showStarts = (rows: readonly StartRow[], lay: Layout): string =>
  lay(
    ['the event loop stands still', 'starts', 'forks itself ms', 'spawner ms', 'ratio', 'itself max ms', 'spawner max ms'],
    rows.map((row) => [
      `host of ${show(row.hostMb, 0)} MB`,
      String(row.samples),
      show(row.directMs, 1),
      show(row.spawnerMs, 1),
      show(row.directMs / row.spawnerMs, 1),
      show(row.directMaxMs, 1),
      show(row.spawnerMaxMs, 1),
    ]),
    1,
  );

export const showMemory = (rows: readonly MemoryRow[], lay: Layout): string =>
  lay(
    ['idle cells', 'cells', 'wards MB', 'MB per further cell', 'host MB'],
    rows.map((row) => [
      row.database ? 'with database' : 'without',
      String(row.cells),
      show(row.wardsMb, 1),
      row.perCellMb === null ? '–' : show(row.perCellMb, 2),
      show(row.hostMb, 1),
    ]),
    1,
  );

export const showWarmQuery = ({ samples, knexMs, cloisterMs, addedMs, parts }: WarmQuery, lay: Layout): string =>
  lay(
    [`a warm query (${samples} × 20), ms`, 'plain Knex', 'Cloister', 'added'],
    [
      ['median', show(knexMs, 3), show(cloisterMs, 3), show(addedMs, 3)],
      ...parts.map((part) => [
        part.name,
        part.knexMs === null ? '–' : show(part.knexMs, 3),
        show(part.cloisterMs, 3),
        show(part.cloisterMs - (part.knexMs ?? 0), 3),
      ]),
    ],
    1,
  );

export const showLedger = (rows: readonly LedgerRow[], lay: Layout): string => {
  const bare = (connections: number): number =>
    rows.find((row) => row.kind === 'memory' && row.connections === connections)?.requestsPerSecond ?? Number.NaN;
  return lay(
    ['ledger, database scenario', 'connections', 'req/s', '× in memory', 'p50 ms', 'CPU ms/req'],
    rows.map((row) => [
      { memory: 'in memory', late: 'a file, nobody waits', ahead: 'a file, written ahead' }[row.kind],
      show(row.connections, 0),
      show(row.requestsPerSecond, 0),
      show(row.requestsPerSecond / bare(row.connections), 3),
      show(row.p50Ms, 2),
      show(row.cpuMsPerRequest, 3),
    ]),
    1,
  );
};

export const showMachine = (): string => {
  const cores = cpus();
  const today = new Date().toISOString().slice(0, 10);
  return `${today}, Node ${process.versions.node}, ${process.platform} ${arch()}, ${cores.length} cores (${cores[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GB`;
};
