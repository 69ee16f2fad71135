// Which columns of which tables one statement reads and sets, by the same names that the rewriter resolves. Must never see a value.
import type { Operation } from '../names.ts';
import type { Item, Scope } from './scope.ts';
import { listOf, namesOf, structOf, tagOf } from './tree.ts';

/** In place of a column: no name of a column holds a dot. */
export const everyColumn = '.*';

export class ColumnUses {
  readonly #found = new Map<string, Set<string>>();
  readonly #ignored = new WeakSet<object>();

  /** A name alone in ORDER BY or DISTINCT ON is a column of the result before it is one of a table. `outputs` null: it can be nothing else. */
  ignoreOutputs(list: unknown, outputs: ReadonlySet<string> | null): void {
    for (const item of listOf(list).map(structOf)) {
      const ref = structOf((item['SortBy'] === undefined ? item : structOf(structOf(item['SortBy'])['node']))['ColumnRef']);
      const names = namesOf(ref['fields']);
      if (names.length === 1 && (outputs === null || outputs.has(names[0] ?? ''))) this.#ignored.add(ref);
    }
  }

  /** EXISTS asks whether there is a row; nobody looks at its columns. */
  ignoreStars(query: unknown): void {
    for (const item of listOf(structOf(structOf(query)['SelectStmt'])['targetList'])) {
      const ref = structOf(structOf(structOf(structOf(item)['ResTarget'])['val'])['ColumnRef']);
      if (tagOf(structOf(listOf(ref['fields']).at(-1))) === 'A_Star') this.#ignored.add(ref);
    }
  }

  isIgnored(node: object): boolean {
    return this.#ignored.has(node);
  }

  take(key: string, operation: Operation, column: string): void {
    const name = `${key}.${operation}`;
    const columns = this.#found.get(name) ?? new Set();
    this.#found.set(name, columns);
    columns.add(column);
  }

  /** `column` undefined: a star. */
  readColumn(item: Item | undefined, column: string | undefined): void {
    if (item?.key === undefined) return;
    if (column === undefined) return this.readAll(item);
    const at = item.columns.indexOf(column);
    if (at >= 0) this.take(item.key, 'read', item.real?.[at] ?? column);
    else if (item.name === column) this.readAll(item);
  }

  readAll(item: Item | undefined): void {
    if (item?.key === undefined) return;
    for (const column of item.real ?? item.columns) this.take(item.key, 'read', column);
  }

  /** A name without a table: the innermost query that has such a column; where none has, a whole row may be meant. */
  readUnqualified(scope: Scope, column: string | undefined): void {
    if (column === undefined) return this.#readStar(scope);
    for (let at: Scope | null = scope; at !== null; at = at.outer) {
      const found = at.items.filter((item) => item.qualifiedOnly !== true && item.columns.includes(column));
      for (const item of found) this.readColumn(item, column);
      if (found.length > 0) return;
    }
    for (let at: Scope | null = scope; at !== null; at = at.outer)
      for (const item of at.items) if (item.name === column) this.readAll(item);
  }

  #readStar(scope: Scope): void {
    for (const item of scope.items) if (item.qualifiedOnly !== true) this.readAll(item);
  }

  /** USING and NATURAL compare columns that stand nowhere else. */
  readJoined(items: readonly Item[], names: readonly string[], natural: boolean): void {
    const times = new Map<string, number>();
    if (natural) for (const column of items.flatMap((item) => item.columns)) times.set(column, (times.get(column) ?? 0) + 1);
    const shared = [...names, ...[...times].flatMap(([column, count]) => (count > 1 ? [column] : []))];
    for (const column of shared) for (const item of items) this.readColumn(item, column);
  }

  of(key: string, operation: Operation): readonly string[] {
    return [...(this.#found.get(`${key}.${operation}`) ?? [])];
  }
}
