// Types of the inner files of Knex and pg-types that the guest side uses, no wider than that use. Must never describe a pool or a connection.

declare module 'knex/lib/dialects/postgres/index.js' {
  /** What Knex hands its driver for one statement, and where the driver puts the answer. */
  export interface QueryObject {
    readonly sql: string;
    readonly bindings?: readonly unknown[];
    readonly options?: { readonly rowMode?: string };
    readonly cancelOnTimeout?: boolean;
    /** Makes the value of the answer. */
    readonly output?: object;
    response?: unknown;
  }
  class PostgresClient {
    constructor(config: { readonly client: string });
  }
  export default PostgresClient;
}

declare module 'knex/lib/dialects/postgres/execution/pg-transaction.js' {
  class PgTransaction {
    constructor(client: object, ...args: readonly unknown[]);
    readonly txid: string;
    readonly isolationLevel?: string;
    readonly readOnly?: unknown;
    begin(connection: object): unknown;
    commit(connection: object, value?: unknown): unknown;
    rollback(connection: object, error?: unknown): unknown;
    savepoint(connection: object): unknown;
    release(connection: object, value?: unknown): unknown;
    rollbackTo(connection: object, error?: unknown): unknown;
  }
  export default PgTransaction;
}

declare module 'knex/lib/dialects/postgres/schema/pg-compiler.js' {
  class SchemaCompiler {
    constructor(client: object, ...args: readonly unknown[]);
    readonly schema?: string;
    readonly sequence: { readonly output?: object }[];
    hasTable(table: string): void;
    hasColumn(table: string, column: string): void;
  }
  export default SchemaCompiler;
}

declare module 'knex/lib/dialects/postgres/query/pg-querycompiler.js' {
  class QueryCompiler {
    constructor(client: object, ...args: readonly unknown[]);
    readonly single: { readonly table: string; readonly schema?: string };
    columnInfo(): { readonly output: object };
  }
  export default QueryCompiler;
}

declare module 'knex/lib/knex-builder/make-knex.js' {
  import type PostgresClient from 'knex/lib/dialects/postgres/index.js';

  const makeKnex: (client: PostgresClient) => object;
  export default makeKnex;
}

declare module 'pg-types/lib/textParsers.js' {
  const textParsers: { init(register: (oid: number, parse: (text: string) => unknown) => void): void };
  export default textParsers;
}
