// What the database capability may be asked for: the grant, and with methods.ts its methods. Must never touch a connection.
import { type Static, Type } from '#typebox';
import type { CapabilityContract } from '../../bridge/capability.ts';
import type { Analyse } from './admission/analysis.ts';
import { databaseBounds } from './bounds.ts';
import { makeDatabaseMethods } from './methods.ts';
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
      Type.Literal(true, { description: 'Says that SQL is written by hand. It changes nothing: every text is judged by its tree.' }),
    ),
    ddl: Type.Optional(
      Type.Literal(true, { description: 'Tables and indexes of its own, in the schema ext_<id>, each tenant for itself.' }),
    ),
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

export const makeDatabaseContract = (analyse: Analyse): CapabilityContract => ({
  name: 'database',
  grant: databaseGrant,
  methods: makeDatabaseMethods(analyse),
});
