// What names mean at one place of a statement: the relations in reach, innermost first. Must never guess: what it cannot tell, it says so.
import { Refusal } from './refusal.ts';

/** A relation in reach, as the statement calls it. */
export interface Item {
  readonly name: string | undefined;
  /** The table it is; undefined for a query, whose own columns were looked at where it stands. */
  readonly key?: string | undefined;
  /** Only where it can be written with its schema. */
  readonly schema?: string | undefined;
  /** Those the guest may read, in order. */
  readonly columns: readonly string[];
  /** What the table calls them, where an alias calls them otherwise. */
  readonly real?: readonly string[];
  /** It can have columns beside those. */
  readonly open: boolean;
  /** Found by `name.column` alone. */
  readonly qualifiedOnly?: boolean;
  /** The table that is written to, of which not all columns may be read: nothing stands between these names and the real table. */
  readonly bare?: boolean;
}

export interface Scope {
  readonly items: Item[];
  readonly outer: Scope | null;
}

export const openScope = (outer: Scope | null): Scope => ({ items: [], outer });

/** An unknown column and a hidden one: the same words. */
const hidden = (column: string): Refusal =>
  new Refusal('columns', `there is no column ${column} that the statement may read; name it with its table, or it is not granted`);

/** The item that `name.column` speaks of. */
export const findItem = (scope: Scope | null, name: string, schema?: string): Item | undefined => {
  for (let at = scope; at !== null; at = at.outer) {
    const found = at.items.find((item) => item.name === name && (schema === undefined || item.schema === schema));
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Refuses a qualified column that its relation does not show. */
export const checkQualified = (item: Item, column: string): void => {
  if (!item.columns.includes(column) && (!item.open || item.bare === true)) throw hidden(column);
};

/** Refuses a column without a table where it is certain, or cannot be ruled out, that it is one that may not be read. `isOutput`: the name can mean a column of the result. */
export const checkUnqualified = (scope: Scope, column: string, isOutput: boolean): void => {
  let open = isOutput;
  for (let at: Scope | null = scope; at !== null; at = at.outer) {
    const items = at.items.filter((item) => item.qualifiedOnly !== true);
    if (items.some((item) => item.columns.includes(column))) return;
    // Here the server would look at the real table, also for a column that was added since.
    if (items.some((item) => item.bare === true)) throw hidden(column);
    if (items.some((item) => item.open || item.name === column)) open = true;
  }
  if (!open) throw hidden(column);
};
