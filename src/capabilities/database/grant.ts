// A grant as the walls use it: names resolved, several grants intersected. Must never widen: what one of them lacks, none has.
import { databaseBounds } from './bounds.ts';
import type { DatabaseGrant } from './contract.ts';
import { defaultSchema, type Operation, operations, tableKey } from './names.ts';

export interface TableWish {
  readonly schema: string;
  readonly name: string;
  readonly operations: ReadonlySet<Operation>;
}

/** A grant with its names resolved. `tables` is keyed by {@link tableKey}. */
export interface ResolvedGrant {
  readonly tables: ReadonlyMap<string, TableWish>;
  readonly functions: ReadonlySet<string>;
  readonly maxRows: number;
  readonly statementMs: number;
}

export const resolveGrant = (grant: DatabaseGrant): ResolvedGrant => {
  const tables = new Map<string, TableWish>();
  for (const [label, granted] of Object.entries(grant.tables)) {
    const dot = label.indexOf('.');
    const schema = dot < 0 ? defaultSchema : label.slice(0, dot);
    const name = label.slice(dot + 1);
    const key = tableKey(schema, name);
    const wished = operations.filter((operation) => Object.hasOwn(granted, operation) && granted[operation] === true);
    tables.set(key, { schema, name, operations: new Set([...(tables.get(key)?.operations ?? []), ...wished]) });
  }
  return {
    tables,
    functions: new Set(grant.functions ?? []),
    maxRows: grant.maxRows ?? databaseBounds.rows.value,
    statementMs: grant.statementMs ?? databaseBounds.statementMs.value,
  };
};

const common = <T>(left: ReadonlySet<T>, right: ReadonlySet<T>): ReadonlySet<T> => new Set([...left].filter((item) => right.has(item)));

const intersectTwo = (left: ResolvedGrant, right: ResolvedGrant): ResolvedGrant => {
  const tables = new Map<string, TableWish>();
  for (const [key, table] of left.tables) {
    const other = right.tables.get(key);
    if (other === undefined) continue;
    tables.set(key, { ...table, operations: common(table.operations, other.operations) });
  }
  return {
    tables,
    functions: common(left.functions, right.functions),
    maxRows: Math.min(left.maxRows, right.maxRows),
    statementMs: Math.min(left.statementMs, right.statementMs),
  };
};

/** What all grants allow together; without any grant, nothing. */
export const intersectGrants = (grants: readonly DatabaseGrant[]): ResolvedGrant => {
  const [first, ...rest] = grants.map(resolveGrant);
  return rest.reduce(
    intersectTwo,
    first ?? { tables: new Map<string, TableWish>(), functions: new Set<string>(), maxRows: 0, statementMs: 0 },
  );
};
