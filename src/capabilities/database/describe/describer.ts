// What of the database an extension was granted to see, as data: tables, columns with what may be done to them, keys. Must never tell of anything else.
import { CloisterError } from '../../../errors.ts';
import { databaseBounds } from '../bounds.ts';
import { makeFailure } from '../failure.ts';
import type { ResolvedGrant } from '../grant.ts';
import { type Operation, operations, tableKey, tableLabel } from '../names.ts';
import type { DatabaseResource } from '../resource.ts';
import { defaultValueOf, fieldTypeOf, precisionOf } from './field-type.ts';
import { nameOneFields } from './one-fields.ts';
import { type CatalogFacts, type ColumnFacts, readCatalog } from './read-catalog.ts';

export interface Describer {
  /** The description as JSON. `refresh`: the caller met something that speaks for a changed table. */
  describe(refresh: boolean): Promise<string>;
  /** The extension has changed a table itself. */
  invalidate(): void;
}

const columnOperations = ['read', 'create', 'update'] as const satisfies readonly Operation[];

/** A column that a new row is forced to have is not the statement's to set. */
const mayTouch = (grant: ResolvedGrant, schema: string, table: string, operation: Operation, column: string): boolean => {
  const granted = grant.tables.get(tableKey(schema, table))?.operations.get(operation);
  return granted !== undefined && (granted.columns === 'all' || granted.columns.has(column)) && !granted.defaults.has(column);
};

const operationsOn = (grant: ResolvedGrant, { schema, table, column }: ColumnFacts): readonly Operation[] =>
  columnOperations.filter((operation) => mayTouch(grant, schema, table, operation, column));

interface DescribedTable {
  readonly collection: string;
  readonly schema: string;
  readonly table: string;
  readonly note: string | null;
  primary: string | null;
  readonly operations: readonly Operation[];
  readonly columns: ({ readonly name: string } & Readonly<Record<string, unknown>>)[];
}

export const makeDescription = (facts: CatalogFacts, grant: ResolvedGrant): object => {
  const tables = new Map<string, DescribedTable>();
  const seen = new Set<string>();
  const columnKey = (schema: string, table: string, column: string): string => JSON.stringify([schema, table, column]);
  for (const found of facts.columns) {
    const { schema, table, column } = found;
    const may = operationsOn(grant, found);
    const key = tableKey(schema, table);
    const granted = grant.tables.get(key);
    if (granted === undefined) continue;
    const entry: DescribedTable = tables.get(key) ?? {
      collection: tableLabel(schema, table),
      schema,
      table,
      note: found.tableNote,
      primary: null,
      operations: operations.filter((operation) => granted.operations.has(operation)),
      columns: [],
    };
    tables.set(key, entry);
    if (may.length === 0) continue;
    seen.add(columnKey(schema, table, column));
    entry.columns.push({
      name: column,
      type: fieldTypeOf(found),
      dbType: found.dbType,
      nullable: found.nullable,
      generated: found.generated,
      default: defaultValueOf(found),
      note: found.note,
      ...precisionOf(found),
      may,
    });
  }
  for (const { schema, table, column } of facts.primaryKeys) {
    const entry = tables.get(tableKey(schema, table));
    if (entry !== undefined && seen.has(columnKey(schema, table, column))) entry.primary = column;
  }
  const foreignKeys = facts.foreignKeys
    .filter(
      (one) =>
        seen.has(columnKey(one.schema, one.table, one.column)) &&
        seen.has(columnKey(one.foreignSchema, one.foreignTable, one.foreignColumn)),
    )
    .map((one) => ({
      name: one.name,
      collection: tableLabel(one.schema, one.table),
      column: one.column,
      related: tableLabel(one.foreignSchema, one.foreignTable),
      relatedColumn: one.foreignColumn,
      onUpdate: one.onUpdate,
      onDelete: one.onDelete,
    }));
  const shown = [...tables.values()].filter(({ columns }) => columns.length > 0);
  return { tables: shown, foreignKeys: nameOneFields(foreignKeys, shown) };
};

interface Kept {
  readonly json: string;
  readonly at: number;
}

export const makeDescriber = (extension: string, grant: ResolvedGrant, resource: DatabaseResource): Describer => {
  let kept: Kept | undefined;
  let reading: Promise<string> | undefined;
  let stale = false;

  const read = async (): Promise<string> => {
    const startedAt = performance.now();
    stale = false;
    try {
      const facts = await resource.withAdmin((client) => readCatalog(client, [...grant.tables.values()]));
      kept = { json: JSON.stringify(makeDescription(facts, grant)), at: startedAt };
      return kept.json;
    } catch (error) {
      if (error instanceof CloisterError && error.code === 'ERR_RUNTIME_CLOSED') throw error;
      // That it cannot be reached now is said as of any other statement.
      const cause = error instanceof CloisterError ? error.cause : error;
      const known = makeFailure(cause, () => false);
      if (known.code === 'ERR_DATABASE_UNAVAILABLE') throw known;
      throw new CloisterError('ERR_CALL_FAILED', 'the database could not be described', { extension }, { cause: error });
    } finally {
      reading = undefined;
    }
  };
  const readOnce = (): Promise<string> => {
    reading ??= read();
    return reading;
  };

  return {
    async describe(refresh) {
      const age = kept === undefined ? Number.POSITIVE_INFINITY : performance.now() - kept.at;
      if (kept === undefined || stale || (refresh && age > databaseBounds.describeAgainMs.value)) return await readOnce();
      // The old one is given out while a new one is read: nobody waits for what has rarely changed.
      if (age > databaseBounds.describeFreshMs.value) readOnce().catch(() => undefined);
      return kept.json;
    },
    invalidate() {
      stale = true;
    },
  };
};
