// A grant as the walls use it: names resolved, several grants intersected. Must never widen: what one of them lacks, none has.
import { CloisterError } from '../../errors.ts';
import { databaseBounds } from './bounds.ts';
import type { DatabaseGrant } from './contract.ts';
import { defaultSchema, type Operation, operations, tableKey } from './names.ts';
import { bothRules, parseRule, parseRuleValue, type Rule, type RuleValue, ruleColumns } from './rule.ts';

/** One operation on one table. */
export interface OperationGrant {
  /** Columns that may be read, set on create, or set on update; of no meaning for delete, where it is 'all'. */
  readonly columns: ReadonlySet<string> | 'all';
  /** Rows it may touch, and what a new row has to be; null: all. */
  readonly rows: Rule | null;
  /** Only create: values each new row gets. The statement may not name these columns. */
  readonly defaults: ReadonlyMap<string, RuleValue>;
}

export interface TableWish {
  readonly schema: string;
  readonly name: string;
  readonly operations: ReadonlyMap<Operation, OperationGrant>;
}

/** A grant with its names resolved. `tables` is keyed by {@link tableKey}. */
export interface ResolvedGrant {
  readonly tables: ReadonlyMap<string, TableWish>;
  readonly raw: boolean;
  readonly ddl: boolean;
  readonly functions: ReadonlySet<string>;
  readonly maxRows: number;
  readonly statementMs: number;
  readonly callsPerRequest: number;
  readonly rowsPerRequest: number;
}

type TableGrant = DatabaseGrant['tables'][string];

const columnsOf = (wish: { readonly columns?: readonly string[] }): ReadonlySet<string> | 'all' =>
  wish.columns === undefined ? 'all' : new Set(wish.columns);

const ruleOf = (rows: unknown): Rule | null => (rows === undefined ? null : parseRule(rows));

const resolveOperation = (table: TableGrant, operation: Operation): OperationGrant | undefined => {
  const wish: unknown = Object.hasOwn(table, operation) ? table[operation] : undefined;
  if (wish === undefined) return undefined;
  const own = wish === true ? {} : (wish as { columns?: readonly string[]; rows?: unknown; defaults?: Readonly<Record<string, unknown>> });
  const defaults = new Map(Object.entries(own.defaults ?? {}).map(([column, value]) => [column, parseRuleValue(value)]));
  return { columns: columnsOf(own), rows: bothRules(ruleOf(table.rows), ruleOf(own.rows)), defaults };
};

/** `t` and `public.t` are one table: what both spellings say together, as with several grants. */
export const resolveGrant = (grant: DatabaseGrant): ResolvedGrant => {
  const tables = new Map<string, TableWish>();
  for (const [label, granted] of Object.entries(grant.tables)) {
    const dot = label.indexOf('.');
    const schema = dot < 0 ? defaultSchema : label.slice(0, dot);
    const name = label.slice(dot + 1);
    const wished = new Map<Operation, OperationGrant>();
    for (const operation of operations) {
      const resolved = resolveOperation(granted, operation);
      if (resolved !== undefined) wished.set(operation, resolved);
    }
    const table = { schema, name, operations: wished };
    const twin = tables.get(tableKey(schema, name));
    tables.set(tableKey(schema, name), twin === undefined ? table : intersectTables(twin, table));
  }
  return {
    tables,
    raw: grant.raw === true,
    ddl: grant.ddl === true,
    functions: new Set(grant.functions ?? []),
    maxRows: grant.maxRows ?? databaseBounds.rows.value,
    statementMs: grant.statementMs ?? databaseBounds.statementMs.value,
    callsPerRequest: grant.callsPerRequest ?? databaseBounds.callsPerRequest.value,
    rowsPerRequest: grant.rowsPerRequest ?? databaseBounds.rowsPerRequest.value,
  };
};

const common = <T>(left: ReadonlySet<T>, right: ReadonlySet<T>): ReadonlySet<T> => new Set([...left].filter((item) => right.has(item)));

const commonColumns = (left: ReadonlySet<string> | 'all', right: ReadonlySet<string> | 'all'): ReadonlySet<string> | 'all' => {
  if (left === 'all') return right;
  return right === 'all' ? left : common(left, right);
};

const sameValue = (left: RuleValue, right: RuleValue): boolean => JSON.stringify(left) === JSON.stringify(right);

const intersectDefaults = (left: OperationGrant, right: OperationGrant, label: string): ReadonlyMap<string, RuleValue> => {
  for (const [column, value] of right.defaults) {
    const other = left.defaults.get(column);
    if (other === undefined || sameValue(other, value)) continue;
    throw new CloisterError(
      'ERR_OPTIONS_INVALID',
      `database: manifest, approval and ceiling force different values on ${label}.${column}; keep one`,
    );
  }
  return new Map([...left.defaults, ...right.defaults]);
};

const intersectTables = (left: TableWish, right: TableWish): TableWish => {
  const both = new Map<Operation, OperationGrant>();
  for (const [operation, one] of left.operations) {
    const other = right.operations.get(operation);
    if (other === undefined) continue;
    both.set(operation, {
      columns: commonColumns(one.columns, other.columns),
      rows: bothRules(one.rows, other.rows),
      defaults: intersectDefaults(one, other, tableKey(left.schema, left.name)),
    });
  }
  return { ...left, operations: both };
};

const intersectTwo = (left: ResolvedGrant, right: ResolvedGrant): ResolvedGrant => {
  const tables = new Map<string, TableWish>();
  for (const [key, table] of left.tables) {
    const other = right.tables.get(key);
    if (other !== undefined) tables.set(key, intersectTables(table, other));
  }
  return {
    tables,
    raw: left.raw && right.raw,
    ddl: left.ddl && right.ddl,
    functions: common(left.functions, right.functions),
    maxRows: Math.min(left.maxRows, right.maxRows),
    statementMs: Math.min(left.statementMs, right.statementMs),
    callsPerRequest: Math.min(left.callsPerRequest, right.callsPerRequest),
    rowsPerRequest: Math.min(left.rowsPerRequest, right.rowsPerRequest),
  };
};

const nothing: ResolvedGrant = {
  tables: new Map(),
  raw: false,
  ddl: false,
  functions: new Set(),
  maxRows: 0,
  statementMs: 0,
  callsPerRequest: 0,
  rowsPerRequest: 0,
};

/**
 * Mode audit: `most` without what would deny more than it, but with the limits of the grants whose denials are waived, and with what of them
 * narrows and denies nothing: row rules and forced values, on which the tenants may hang.
 */
export const keepNarrowing = (most: ResolvedGrant, waived: ResolvedGrant): ResolvedGrant => {
  const tables = new Map<string, TableWish>();
  for (const [key, table] of most.tables) {
    const narrowed = new Map<Operation, OperationGrant>();
    for (const [operation, one] of table.operations) {
      const other = waived.tables.get(key)?.operations.get(operation);
      const defaults = other === undefined ? one.defaults : intersectDefaults(one, other, key);
      narrowed.set(operation, { columns: one.columns, rows: other === undefined ? one.rows : bothRules(one.rows, other.rows), defaults });
    }
    tables.set(key, { ...table, operations: narrowed });
  }
  return {
    ...most,
    tables,
    maxRows: Math.min(most.maxRows, waived.maxRows),
    statementMs: Math.min(most.statementMs, waived.statementMs),
    callsPerRequest: Math.min(most.callsPerRequest, waived.callsPerRequest),
    rowsPerRequest: Math.min(most.rowsPerRequest, waived.rowsPerRequest),
  };
};

/** What both allow. */
export const narrowGrant = (grant: ResolvedGrant, more: DatabaseGrant): ResolvedGrant => intersectTwo(grant, resolveGrant(more));

/** What all grants allow together; without any grant, nothing. */
export const intersectGrants = (grants: readonly DatabaseGrant[]): ResolvedGrant => {
  const [first, ...rest] = grants.map(resolveGrant);
  return rest.reduce(intersectTwo, first ?? nothing);
};

/**
 * Columns that statements, as admission rewrites them, read of a table: what may be read, and what the rules of any operation look at.
 * So the role needs SELECT on these, also where the guest may not name them; the rules then say of which rows.
 */
export const selectedColumns = (table: TableWish): ReadonlySet<string> | 'all' => {
  const read = table.operations.get('read')?.columns ?? new Set<string>();
  if (read === 'all') return 'all';
  return new Set([...read, ...[...table.operations.values()].flatMap(({ rows }) => [...ruleColumns(rows)])]);
};

/** Columns that INSERT statements, as admission rewrites them, set: those the guest may set, and those that are forced. */
export const insertedColumns = (table: TableWish): ReadonlySet<string> | 'all' => {
  const create = table.operations.get('create');
  if (create === undefined) return new Set();
  return create.columns === 'all' ? 'all' : new Set([...create.columns, ...create.defaults.keys()]);
};
