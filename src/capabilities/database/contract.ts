// What the database capability may be asked for: the grant, its one method and the wire form of both ways. Must never touch a connection.
import { type Static, Type } from 'typebox';
import type { CapabilityContract } from '../../bridge/capability.ts';
import type { Analyse } from './admission/analysis.ts';
import { databaseBounds } from './bounds.ts';
import { columnPattern, ruleSchema, ruleValue } from './rule.ts';

/** One part of a name as PostgreSQL keeps it. Nothing of PostgreSQL's own can be granted: its catalog is an oracle for everything else. */
const part = '(?!pg_|information_schema(?:\\.|$))[^."\\u0000-\\u001f]{1,63}';
export const tableNamePattern = `^${part}(?:\\.${part})?$`;
const functionPart = '[a-z_][a-z0-9_$]{0,62}';
export const functionNamePattern = `^${functionPart}(?:\\.${functionPart})?$`;

const columns = Type.Optional(
  Type.Array(Type.String({ pattern: columnPattern }), {
    uniqueItems: true,
    description: 'Columns, as PostgreSQL keeps them; all where absent.',
  }),
);
const rows = Type.Optional(ruleSchema);
const closed = { additionalProperties: false } as const;

const change = Type.Optional(Type.Union([Type.Literal(true), Type.Object({ columns, rows }, closed)]));
const create = Type.Optional(
  Type.Union([
    Type.Literal(true),
    Type.Object(
      {
        columns,
        rows,
        defaults: Type.Optional(
          Type.Record(Type.String({ pattern: columnPattern }), ruleValue, {
            ...closed,
            description: 'Values each new row gets, whatever the statement says.',
          }),
        ),
      },
      closed,
    ),
  ]),
);
const remove = Type.Optional(Type.Union([Type.Literal(true), Type.Object({ rows }, closed)]));

export const tableGrant = Type.Object({ rows, read: change, create, update: change, delete: remove }, closed);

export const databaseGrant = Type.Object(
  {
    tables: Type.Record(Type.String({ pattern: tableNamePattern }), tableGrant, {
      additionalProperties: false,
      description: 'What may be done to which table: "table" (in schema public) or "schema.table". An empty object denies all.',
    }),
    raw: Type.Optional(
      Type.Literal(true, { description: "Expressions beyond those of Knex's builder: what only hand-written SQL holds." }),
    ),
    ddl: Type.Optional(Type.Literal(true, { description: 'Tables and indexes of its own, in the schema ext_<id>.' })),
    functions: Type.Optional(
      Type.Array(Type.String({ pattern: functionNamePattern }), {
        uniqueItems: true,
        description: 'Functions beyond the default safe list: "name" or "schema.name".',
      }),
    ),
    maxRows: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: `Most rows of one result; ${String(databaseBounds.rows.value)} where absent.`,
      }),
    ),
    statementMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 600_000,
        description: `Most milliseconds of one statement, and never more than the lease has left; ${String(databaseBounds.statementMs.value)} where absent.`,
      }),
    ),
    callsPerRequest: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000,
        description: `Most statements of one request; ${String(databaseBounds.callsPerRequest.value)} where absent.`,
      }),
    ),
    rowsPerRequest: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000_000,
        description: `Most rows that the statements of one request read or change together; ${String(databaseBounds.rowsPerRequest.value)} where absent.`,
      }),
    ),
  },
  { additionalProperties: false },
);

export type DatabaseGrant = Static<typeof databaseGrant>;

/** A binding as it crosses: PostgreSQL's text form in a JSON value, or bytes. Dates, arrays and JSON documents are text already (see README.md). */
export const binding = Type.Union([
  Type.String(),
  Type.Number(),
  Type.Boolean(),
  Type.Null(),
  Type.Object({ $bytes: Type.String({ description: 'base64' }) }, { additionalProperties: false }),
]);
export type Binding = Static<typeof binding>;

export const queryArgs = Type.Object(
  {
    sql: Type.String({ minLength: 1, maxLength: databaseBounds.sqlBytes.value }),
    bindings: Type.Array(binding, { maxItems: databaseBounds.bindings.value }),
  },
  { additionalProperties: false },
);
export type QueryArgs = Static<typeof queryArgs>;

export const describeArgs = Type.Object(
  { refresh: Type.Optional(Type.Boolean({ description: 'Something speaks for a changed table: look again.' })) },
  { additionalProperties: false },
);
export type DescribeArgs = Static<typeof describeArgs>;

/** The result as it crosses. `rows` holds PostgreSQL's text values as they came: the guest parses them by type. */
export interface QueryResult {
  readonly command: string;
  readonly rowCount: number | null;
  /** Name and type OID of each column. */
  readonly fields: readonly (readonly [name: string, dataTypeID: number])[];
  readonly rows: readonly (readonly (string | null)[])[];
}

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

export const makeDatabaseContract = (analyse: Analyse): CapabilityContract => ({
  name: 'database',
  grant: databaseGrant,
  methods: {
    describe: { args: describeArgs, reply: true, effect: () => false, summarize: () => ({}) },
    query: {
      args: queryArgs,
      reply: true,
      effect(args) {
        const sql = sqlOf(args);
        const analysis = sql === undefined ? undefined : analyse(sql);
        // Whatever is not known to be a plain read is taken for an effect: running it twice could be noticed.
        return analysis === undefined || !analysis.ok || analysis.writes || analysis.functions.length > 0;
      },
      summarize(args) {
        const sql = sqlOf(args);
        const analysis = sql === undefined ? undefined : analyse(sql);
        const bindings = bindingsOf(args);
        if (analysis === undefined || !analysis.ok) return { statement: 'refused', bindings };
        return { statement: analysis.kind, tables: analysis.tables, bindings };
      },
    },
  },
});
