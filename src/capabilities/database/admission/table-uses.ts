// What one statement needs of the granted tables, in the form the ledger keeps: table, operation, columns. Must never grow past what an entry holds.
import type { Operation } from '../names.ts';
import { tableKey, tableLabel } from '../names.ts';
import type { TableNeed } from './analysis.ts';
import type { Catalog } from './catalog.ts';
import { type ColumnUses, everyColumn } from './column-uses.ts';

/** Table, operation, columns. {@link everyColumn} stands for all; `.name` for one of them, whichever, such as that one; delete has none. */
export type TableUse = readonly string[];

/** Below what the ledger keeps of one call (`ledgerBounds`): a list that was cut would be taken for the whole. */
const maxColumns = 28;
const maxRows = 24;
const maxChars = 2_400;

const split = (label: string, operation: Operation, columns: readonly string[]): readonly TableUse[] => {
  if (operation === 'delete') return [[label, operation]];
  const rows: string[][] = [];
  for (let at = 0; at < columns.length; at += maxColumns) rows.push([label, operation, ...columns.slice(at, at + maxColumns)]);
  return rows;
};

const charsOf = (uses: readonly TableUse[]): number => uses.flat().reduce((sum, text) => sum + text.length + 3, 8 * uses.length);

const fits = (uses: readonly TableUse[]): boolean => uses.length <= maxRows && charsOf(uses) <= maxChars;

/** Tables of the extension's own, which no line of a grant names, are in no catalog. */
export const listUses = (needs: readonly TableNeed[], catalog: Catalog, uses: ColumnUses): readonly TableUse[] => {
  const found = needs.flatMap(({ schema, name, operation }) => {
    const key = tableKey(schema, name);
    const [first] = catalog.get(key) ?? [];
    if (first === undefined) return [];
    const columns = uses.of(key, operation);
    // Counting rows looks at no column, and yet PostgreSQL wants a right to one.
    const named = columns.includes(everyColumn) ? [everyColumn] : columns.length === 0 ? [`.${first.name}`] : columns;
    return [{ label: tableLabel(schema, name), operation, columns: named }];
  });
  const listed = found.flatMap(({ label, operation, columns }) => split(label, operation, columns));
  if (fits(listed)) return listed;
  return found.slice(0, maxRows).flatMap(({ label, operation }) => split(label, operation, [everyColumn]));
};
