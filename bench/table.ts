// Shows the measurements as one text table. Must never round away what a ratio depends on: ratios are of the unrounded figures.
import { arch, cpus, totalmem } from 'node:os';
import type { BootRow } from './boot.ts';
import type { MemoryRow } from './memory.ts';
import type { Row } from './throughput.ts';

const show = (value: number, digits: number): string => (Number.isFinite(value) ? value.toFixed(digits) : '–');

/** Columns as wide as their widest cell; the first two to the left, numbers to the right. */
export const makeTable = (heading: readonly string[], lines: readonly (readonly string[])[], leftColumns: number): string => {
  const widths = heading.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)));
  const format = (line: readonly string[]): string =>
    line
      .map((cell, column) => (column < leftColumns ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [format(heading), widths.map((width) => '-'.repeat(width)).join('  '), ...lines.map(format)].join('\n');
};

const ratioTo = (row: Row, rows: readonly Row[]): string => {
  const mark = rows.find(
    ({ peer, scenario, connections, mode }) =>
      peer === 'express' && scenario === row.scenario && connections === row.connections && mode === row.mode,
  );
  return mark === undefined ? '–' : show(row.requestsPerSecond / mark.requestsPerSecond, 2);
};

export const showRows = (rows: readonly Row[]): string =>
  makeTable(
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

export const showBoot = (rows: readonly BootRow[]): string =>
  makeTable(
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

export const showMemory = (rows: readonly MemoryRow[]): string =>
  makeTable(
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

export const showMachine = (): string => {
  const cores = cpus();
  return `Node ${process.versions.node}, ${process.platform} ${arch()}, ${cores.length} cores (${cores[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GB`;
};
