// Whether one grant allows all that another does. Pure; must never say yes where it cannot tell: a row rule that is another one is taken for a wider one.
import { isDeepStrictEqual } from 'node:util';
import type { DatabaseGrant } from './contract.ts';
import { type OperationGrant, type ResolvedGrant, resolveGrant, type TableWish } from './grant.ts';

const hasAll = <Item>(wide: ReadonlySet<Item>, narrow: ReadonlySet<Item>): boolean => [...narrow].every((item) => wide.has(item));

const coversOperation = (wide: OperationGrant, narrow: OperationGrant): boolean =>
  (wide.columns === 'all' || (narrow.columns !== 'all' && hasAll(wide.columns, narrow.columns))) &&
  (wide.rows === null || isDeepStrictEqual(wide.rows, narrow.rows)) &&
  // A forced value writes a column, whoever may name it: so the same ones, or nothing is known.
  isDeepStrictEqual(wide.defaults, narrow.defaults);

const coversTable = (wide: TableWish | undefined, narrow: TableWish): boolean =>
  [...narrow.operations].every(([operation, wish]) => {
    const other = wide?.operations.get(operation);
    return other !== undefined && coversOperation(other, wish);
  });

const limits = ['maxRows', 'statementMs', 'callsPerRequest', 'rowsPerRequest'] as const satisfies readonly (keyof ResolvedGrant)[];

export const coversDatabase = (wideGrant: DatabaseGrant, narrowGrant: DatabaseGrant): boolean => {
  const [wide, narrow] = [resolveGrant(wideGrant), resolveGrant(narrowGrant)];
  return (
    [...narrow.tables].every(([key, table]) => coversTable(wide.tables.get(key), table)) &&
    hasAll(wide.functions, narrow.functions) &&
    (wide.raw || !narrow.raw) &&
    (wide.ddl || !narrow.ddl) &&
    limits.every((name) => narrow[name] <= wide[name])
  );
};
