// hasTable, hasColumn and columnInfo: the catalog they read is closed to guests, so the host says what is granted. Runs in the isolate; must never change what Knex says in its events.
/// <reference path="../knex-inner.d.ts" />
import QueryCompiler from 'knex/lib/dialects/postgres/query/pg-querycompiler.js';
import SchemaCompiler from 'knex/lib/dialects/postgres/schema/pg-compiler.js';

/** Asks the host instead of the catalog; gives the catalog's rows. */
export type LookUp = (call: (method: string, args: object) => Promise<unknown>) => Promise<readonly object[]>;

/** By the function that reads the answer, which Knex makes anew for each: so no event shows it. */
const lookUps = new WeakMap<object, LookUp>();
export const findLookUp = (output: object | undefined): LookUp | undefined => (output === undefined ? undefined : lookUps.get(output));

type Column = readonly [name: string, type: string, maxLength: string | null, nullable: string, fallback: string | null];

/** Rows as the catalog's own view has them, as far as Knex reads them. */
const makeLookUp =
  (schema: string | undefined, table: string, keeps: (column: Column) => boolean): LookUp =>
  async (call) => {
    const found = (await call('columns', { table, ...(schema === undefined ? {} : { schema }) })) as {
      readonly columns: readonly Column[];
    } | null;
    return (found?.columns ?? []).filter(keeps).map(([name, type, maxLength, nullable, fallback]) => ({
      table_name: table,
      column_name: name,
      data_type: type,
      character_maximum_length: maxLength === null ? null : Number(maxLength),
      is_nullable: nullable,
      column_default: fallback,
    }));
  };

const attach = (query: { readonly output?: object } | undefined, lookUp: LookUp): void => {
  if (query?.output !== undefined) lookUps.set(query.output, lookUp);
};

export class GuestSchemaCompiler extends SchemaCompiler {
  override hasTable(table: string): void {
    super.hasTable(table);
    attach(
      this.sequence.at(-1),
      makeLookUp(this.schema, table, () => true),
    );
  }

  override hasColumn(table: string, column: string): void {
    super.hasColumn(table, column);
    attach(
      this.sequence.at(-1),
      makeLookUp(this.schema, table, ([name]) => name === column),
    );
  }
}

export class GuestQueryCompiler extends QueryCompiler {
  override columnInfo(): { readonly output: object } {
    const { table, schema } = this.single;
    const query = super.columnInfo();
    attach(
      query,
      makeLookUp(schema, table, () => true),
    );
    return query;
  }
}
