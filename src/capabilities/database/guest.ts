// `database` as an extension knows it: the real Knex for PostgreSQL, whose driver is the bridge. Runs in the isolate; must never hold a connection or be trusted with a decision.
/// <reference path="./knex-inner.d.ts" />
import PostgresClient, { type QueryObject } from 'knex/lib/dialects/postgres/index.js';
import makeKnex from 'knex/lib/knex-builder/make-knex.js';
import type { GuestBridge } from '../../../sandbox/kernel/guest-capability.ts';
import { type GuestConnection, makeConnection } from './guest/connection.ts';
import { GuestQueryCompiler, GuestSchemaCompiler } from './guest/look-up.ts';
import { makeSender, type RowSink, type StreamOptions } from './guest/send.ts';
import { GuestTransaction } from './guest/transaction.ts';

const refuse = (what: string): Error =>
  Object.assign(new Error(`database: ${what} is not available to extensions`), { code: 'ERR_METHOD_UNKNOWN' });

/** At once, as `pg`'s dialect has it: Knex does not put the text before it. */
const empty = (): Error => new Error('The query is empty');

/** The bridge stays in a closure: Knex copies its clients member by member. */
const makeClient = (bridge: GuestBridge): PostgresClient => {
  const sender = makeSender(bridge);
  return new (class extends PostgresClient {
    acquireConnection(): Promise<GuestConnection> {
      return Promise.resolve(makeConnection());
    }

    releaseConnection(): Promise<void> {
      return Promise.resolve();
    }

    initializePool(): void {
      // There is none.
    }

    destroy(callback?: () => void): Promise<void> {
      callback?.();
      return Promise.resolve();
    }

    _query(connection: GuestConnection, query: QueryObject): Promise<QueryObject> {
      if (query.sql === '') throw empty();
      return sender.query(connection, query);
    }

    _stream(connection: GuestConnection, query: QueryObject, sink: RowSink, options: StreamOptions | undefined): Promise<void> {
      if (query.sql === '') throw empty();
      return sender.stream(connection, query, sink, options);
    }

    cancelQuery(connection: GuestConnection): Promise<void> {
      return sender.cancel(connection);
    }

    transaction(...args: readonly unknown[]): GuestTransaction {
      return new GuestTransaction(this, ...args);
    }

    schemaCompiler(...args: readonly unknown[]): GuestSchemaCompiler {
      return new GuestSchemaCompiler(this, ...args);
    }

    queryCompiler(...args: readonly unknown[]): GuestQueryCompiler {
      return new GuestQueryCompiler(this, ...args);
    }
  })({ client: 'pg' });
};

const refuseGetter = (name: string): PropertyDescriptor => ({
  configurable: true,
  get() {
    throw refuse(name);
  },
});

/** The Knex instance of one cell. */
export const makeGuest = (bridge: GuestBridge): object =>
  Object.defineProperties(makeKnex(makeClient(bridge)), { migrate: refuseGetter('migrate'), seed: refuseGetter('seed') });
