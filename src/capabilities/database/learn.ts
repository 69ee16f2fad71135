// What of a grant of the database was used, read off the ledger: pure. Must never drop a row rule, a forced value or a bound that holds today.
import type { GrantLine, Learning } from '../../bridge/capability.ts';
import type { DatabaseGrant } from './contract.ts';
import { defaultSchema, type Operation, operations } from './names.ts';
import { readDatabaseCode } from './read-code.ts';

type TableGrant = DatabaseGrant['tables'][string];
type Narrowed = { readonly columns?: readonly string[]; readonly rows?: unknown; readonly defaults?: unknown };

const tables = 'tables';
const functions = 'functions';
/** Not a column: every one, or one of them (see table-uses.ts). */
const everyColumn = '.*';
const isAnyColumn = (name: string): boolean => name.startsWith('.');

const textsIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

const linesOfUse = (use: unknown): readonly GrantLine[] => {
  const [table, operation, ...columns] = textsIn(use);
  if (table === undefined || operation === undefined) return [];
  const line = [tables, table, operation];
  if (columns.length === 0 || columns.includes(everyColumn)) return [line];
  return columns.map((column) => [...line, column]);
};

const columnsIn = (granted: unknown): readonly string[] | undefined =>
  typeof granted === 'object' && granted !== null ? (granted as Narrowed).columns : undefined;

const linesOfTable = ([table, grant]: readonly [string, TableGrant]): readonly GrantLine[] =>
  operations.flatMap((operation): readonly GrantLine[] => {
    const granted: unknown = Object.hasOwn(grant, operation) ? grant[operation] : undefined;
    if (granted === undefined) return [];
    return columnsIn(granted)?.map((column) => [tables, table, operation, column]) ?? [[tables, table, operation]];
  });

/** `t` and `public.t` are one table. */
const todaysTable = (today: DatabaseGrant | undefined, table: string): TableGrant | undefined => {
  const labels = [table, `${defaultSchema}.${table}`];
  const label = labels.find((one) => today !== undefined && Object.hasOwn(today.tables, one));
  return label === undefined ? undefined : today?.tables[label];
};

/** What narrows without giving: the rows, and the values that are forced. */
const keptOf = (granted: unknown): Narrowed => {
  if (typeof granted !== 'object' || granted === null) return {};
  const { columns: _, ...kept } = granted as Narrowed;
  return kept;
};

const grantOperation = (lines: readonly GrantLine[], today: unknown): unknown => {
  const kept = keptOf(today);
  const named = lines.flatMap(([, , , column]) => (column === undefined ? [] : [column]));
  if (named.length < lines.length) return Object.keys(kept).length === 0 ? true : kept;
  const real = named.filter((column) => !isAnyColumn(column));
  const columns = real.length > 0 ? real.toSorted() : named.slice(0, 1).map((column) => column.slice(1));
  return { columns, ...kept };
};

const grantTable = (lines: readonly GrantLine[], today: TableGrant | undefined): TableGrant => {
  const granted = operations.flatMap((operation: Operation) => {
    const own = lines.filter(([, , one]) => one === operation);
    return own.length === 0 ? [] : [[operation, grantOperation(own, today?.[operation])]];
  });
  return { ...(today?.rows === undefined ? {} : { rows: today.rows }), ...Object.fromEntries(granted) };
};

export const databaseLearning: Learning<DatabaseGrant> = {
  readCode: readDatabaseCode,
  observe({ args }) {
    const uses = Array.isArray(args['uses']) ? args['uses'].flatMap(linesOfUse) : [];
    const own: readonly GrantLine[] = args['own'] === true ? [['ddl']] : [];
    return [...uses, ...own, ...textsIn(args[functions]).map((name): GrantLine => [functions, name])];
  },
  linesOf: (grant) => [
    ...Object.entries(grant.tables).flatMap(linesOfTable),
    ...(grant.functions ?? []).map((name): GrantLine => [functions, name]),
    ...(grant.raw === true ? [['raw']] : []),
    ...(grant.ddl === true ? [['ddl']] : []),
  ],
  covers(outer, inner) {
    const anyColumn = inner[0] === tables && isAnyColumn(inner[3] ?? '');
    const wanted = anyColumn ? inner.slice(0, 3) : inner;
    if (outer[0] === functions && inner[0] === functions) return outer[1] === inner[1] || `${defaultSchema}.${outer[1] ?? ''}` === inner[1];
    return outer.every((part, index) => wanted[index] === part || (anyColumn && index >= wanted.length));
  },
  grantFor(lines, today) {
    const names = [...new Set(lines.flatMap(([list, table]) => (list === tables && table !== undefined ? [table] : [])))].toSorted();
    const called = lines.flatMap(([list, name]) => (list === functions && name !== undefined ? [name] : [])).toSorted();
    const { tables: _, functions: __, raw: ___, ddl: ____, ...bounds } = today ?? { tables: {} };
    return {
      tables: Object.fromEntries(
        names.map((table) => [
          table,
          grantTable(
            lines.filter(([list, one]) => list === tables && one === table),
            todaysTable(today, table),
          ),
        ]),
      ),
      ...(lines.some(([list]) => list === 'raw') ? { raw: true as const } : {}),
      ...(lines.some(([list]) => list === 'ddl') ? { ddl: true as const } : {}),
      ...(called.length === 0 ? {} : { functions: [...new Set(called)] }),
      ...bounds,
    };
  },
};
