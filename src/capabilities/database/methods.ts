// The methods of the database capability: their arguments, whether they leave something behind, and what the ledger keeps of them. Must never touch a connection.
import { type Static, type TSchema, Type } from '#typebox';
import type { MethodContract } from '../../bridge/capability.ts';
import type { Analyse, Analysis } from './admission/analysis.ts';
import { databaseBounds } from './bounds.ts';
import { isOwnSchema } from './names.ts';

/** A binding as it crosses: PostgreSQL's text form in a JSON value, or bytes. Dates, arrays and JSON documents are text already (see README.md). */
export const binding = Type.Union([
  Type.String(),
  Type.Number(),
  Type.Boolean(),
  Type.Null(),
  Type.Object({ $bytes: Type.String({ description: 'base64' }) }, { additionalProperties: false }),
]);
export type Binding = Static<typeof binding>;

/** The result as it crosses. `rows` holds PostgreSQL's text values as they came: the guest parses them by type. */
export interface QueryResult {
  readonly command: string;
  readonly rowCount: number | null;
  /** Name and type OID of each column. */
  readonly fields: readonly (readonly [name: string, dataTypeID: number])[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** Handles are numbers the host gave to this lease; what they stand for is looked up in a Map that belongs to it. */
const handle = Type.Integer({ minimum: 1, maximum: 1_000_000 });

const object = <Properties extends Record<string, TSchema>>(properties: Properties) =>
  Type.Object(properties, { additionalProperties: false });

const statement = {
  sql: Type.String({ minLength: 1, maxLength: databaseBounds.sqlBytes.value }),
  bindings: Type.Array(binding, { maxItems: databaseBounds.bindings.value }),
  transaction: Type.Optional(handle),
};

export const queryArgs = object({
  ...statement,
  tag: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000_000, description: "The guest's own number for it, by which it can be cancelled." }),
  ),
});
export type QueryArgs = Static<typeof queryArgs>;

/** As SQL spells them. They and READ ONLY are all that a BEGIN may hold. */
export const isolationLevels = ['read uncommitted', 'read committed', 'repeatable read', 'serializable'] as const;

export const beginArgs = object({
  isolation: Type.Optional(Type.Union(isolationLevels.map((level) => Type.Literal(level)))),
  readOnly: Type.Optional(Type.Boolean()),
});
export type BeginArgs = Static<typeof beginArgs>;

export const transactionArgs = object({ transaction: handle });
export type TransactionArgs = Static<typeof transactionArgs>;

export const savepointArgs = object({ transaction: handle, savepoint: handle });
export type SavepointArgs = Static<typeof savepointArgs>;

export const openArgs = object({
  ...statement,
  rows: Type.Optional(Type.Integer({ minimum: 1, maximum: databaseBounds.pieceRows.value, description: 'Rows of one piece, at most.' })),
});
export type OpenArgs = Static<typeof openArgs>;

export const streamArgs = object({ stream: handle });
export type StreamArgs = Static<typeof streamArgs>;

/** One of the two. */
export const cancelArgs = object({ tag: Type.Optional(handle), transaction: Type.Optional(handle) });
export type CancelArgs = Static<typeof cancelArgs>;

const name = Type.String({ minLength: 1, maxLength: 63 });
export const columnsArgs = object({ table: name, schema: Type.Optional(name) });
export type ColumnsArgs = Static<typeof columnsArgs>;

export const describeArgs = object({
  refresh: Type.Optional(Type.Boolean({ description: 'Something speaks for a changed table: look again.' })),
});
export type DescribeArgs = Static<typeof describeArgs>;

/** Under what the ledger keeps of one list (`ledgerBounds`). */
const maxListed = 28;

const sqlOf = (args: unknown): string | undefined => {
  if (typeof args !== 'object' || args === null || !Object.hasOwn(args, 'sql')) return undefined;
  const { sql } = args as { readonly sql: unknown };
  return typeof sql === 'string' ? sql : undefined;
};

const bindingsOf = (args: unknown): number => {
  if (typeof args !== 'object' || args === null || !Object.hasOwn(args, 'bindings')) return 0;
  const { bindings } = args as { readonly bindings: unknown };
  return Array.isArray(bindings) ? bindings.length : 0;
};

const inTransaction = (args: unknown): Readonly<Record<string, unknown>> => {
  const { transaction } = args as { readonly transaction?: unknown };
  return typeof transaction === 'number' ? { transaction } : {};
};

/** Handles, names and levels: nothing in them is a value of a row. */
const keepAll = (args: unknown): Readonly<Record<string, unknown>> => ({ ...(args as object) });

/** What is about transactions and streams as such. What they changed was an effect of the statements in them. */
const control = (args: TSchema): MethodContract => ({ args, reply: true, effect: () => false, summarize: keepAll });

export const makeDatabaseMethods = (analyse: Analyse): Readonly<Record<string, MethodContract>> => {
  const told = new WeakSet<Analysis>();
  /** On the ledger once for each time a text was judged, and not known from before. */
  const tellJudged = (analysis: Analysis): Readonly<Record<string, unknown>> => {
    if (told.has(analysis)) return {};
    told.add(analysis);
    return { judged: true };
  };
  const statementMethod = (args: TSchema): MethodContract => ({
    args,
    reply: true,
    effect(given, tenant) {
      const sql = sqlOf(given);
      const analysis = sql === undefined ? undefined : analyse(sql, tenant);
      // Whatever is not known to be a plain read is taken for an effect: running it twice could be noticed.
      return analysis === undefined || !analysis.ok || analysis.writes || analysis.functions.length > 0;
    },
    summarize(given, tenant) {
      const sql = sqlOf(given);
      const analysis = sql === undefined ? undefined : analyse(sql, tenant);
      const bindings = bindingsOf(given);
      if (analysis === undefined || !analysis.ok) return { statement: 'refused', bindings };
      const { kind, tables, functions, needs, defines } = analysis;
      const own = defines !== undefined || needs.some(({ schema }) => isOwnSchema(schema)) ? { own: true } : {};
      const columns = defines === undefined ? {} : { columns: defines.columns.slice(0, maxListed) };
      return {
        statement: kind,
        tables: tables.slice(0, maxListed),
        ...columns,
        ...own,
        ...(functions.length === 0 ? {} : { functions }),
        bindings,
        ...tellJudged(analysis),
        ...inTransaction(given),
      };
    },
  });
  return {
    query: statementMethod(queryArgs),
    open: statementMethod(openArgs),
    fetch: control(streamArgs),
    close: control(streamArgs),
    begin: control(beginArgs),
    commit: control(transactionArgs),
    rollback: control(transactionArgs),
    savepoint: control(transactionArgs),
    release: control(savepointArgs),
    rollbackTo: control(savepointArgs),
    cancel: control(cancelArgs),
    columns: control(columnsArgs),
    describe: control(describeArgs),
  };
};

/** The methods that bring a statement, which is judged by its syntax tree; the others have nothing to judge beyond their arguments. */
export const bringsStatement = (method: string): boolean => method === 'query' || method === 'open';
export const isControl = (method: string): boolean => controls.has(method);
const controls = new Set([
  'fetch',
  'close',
  'begin',
  'commit',
  'rollback',
  'savepoint',
  'release',
  'rollbackTo',
  'cancel',
  'columns',
  'describe',
]);
