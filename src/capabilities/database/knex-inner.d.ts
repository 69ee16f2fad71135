// Types of the inner files of Knex and pg-types that the guest side uses, no wider than that use. Must never describe a pool or a connection.

declare module 'knex/lib/dialects/postgres/index.js' {
  /** What Knex hands its driver for one statement, and where the driver puts the answer. */
  export interface QueryObject {
    readonly sql: string;
    readonly bindings?: readonly unknown[];
    readonly options?: { readonly rowMode?: string };
    response?: unknown;
  }
  interface Runner {
    stream: (...args: readonly unknown[]) => unknown;
    pipe: (...args: readonly unknown[]) => unknown;
  }
  class PostgresClient {
    constructor(config: { readonly client: string });
    canCancelQuery: boolean;
    runner(builder: unknown): Runner;
  }
  export default PostgresClient;
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
