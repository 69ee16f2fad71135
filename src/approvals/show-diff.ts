// A diff of approvals as people read it. Must never let a package's words move a cursor or start a line.
import { showEnds, showText } from '../config/show.ts';
import type { ApprovalDiff, DiffRow } from './diff.ts';

const states: Readonly<Record<ApprovalDiff['state'], string>> = {
  approved: 'is approved as it is there',
  upgraded: 'runs, and is not the very package that was approved',
  parked: 'waits for approval; the approved version serves',
  new: 'waits for approval; nothing of it serves',
  gone: 'is approved, and no package of that id is there',
};

const changes = { none: '', code: 'another script, the same wishes', narrower: 'it wishes for less', wider: 'it wishes for more' } as const;

const markOf = ({ was, asks }: DiffRow, isNew: boolean): string => {
  if (isNew || was === asks) return ' ';
  if (was === null) return '+';
  return asks === null ? '-' : '~';
};

const head = ['', 'wish', 'was', 'asks', 'approved', 'ceiling', 'used'] as const;

const cellsOf = (row: DiffRow, isNew: boolean): readonly string[] => [
  markOf(row, isNew),
  showEnds(row.item === null ? row.path : `${row.path}: ${row.item}`, 120),
  ...[row.was, row.asks, row.approved, row.ceiling].map((cell) => (cell === null ? '–' : showEnds(cell, 40))),
  row.used === null ? '–' : `${String(row.used.count)}×, last ${row.used.last.slice(0, 10)}`,
];

const short = (artifact: string): string => artifact.slice(0, 12);

export const showDiff = (diff: ApprovalDiff): readonly string[] => {
  const { id, state, change, found, approved, rows } = diff;
  const isNew = approved === null || found === null;
  const table = [head as readonly string[], ...rows.map((row) => cellsOf(row, isNew))];
  const widths = head.map((_, column) => Math.max(...table.map((cells) => (cells[column] ?? '').length)));
  const lines = table.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const why = change === null || change === 'none' ? '' : ` (${changes[change]})`;
  return [
    `${showText(id)} ${states[state]}${why}`,
    ...(approved === null
      ? []
      : [`  approved  ${showText(approved.version)}  ${short(approved.artifact)}  by ${showText(approved.by)} at ${approved.at}`]),
    ...(found === null ? [] : [`  found     ${showText(found.version)}  ${short(found.artifact)}  in ${showEnds(found.folder, 400)}`]),
    ...(rows.length === 0 ? ['  it asks for nothing beyond routes and log lines'] : ['', ...lines]),
    ...(found === null || state === 'approved'
      ? []
      : ['', `just this, and nothing that comes meanwhile: cloister approve ${showText(id)} … --artifact ${found.digest}`]),
  ];
};
