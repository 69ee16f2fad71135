// Counts what services of Directus read for one call, and stops it before it is too much: rows and bytes as they come in. Must never touch a connection beside a call of its own.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import type { Knex } from 'knex';

export interface ReadBounds {
  readonly rows: number;
  readonly bytes: number;
}

/** A connection of `pg`, as far as it says what comes in. */
interface Wire {
  readonly connection?: EventEmitter & { readonly stream: { destroy(): void } };
}

interface Meter {
  /** What one statement after another brings counts together: reading goes on from level to level. */
  readonly adds: boolean;
  rows: number;
  bytes: number;
  over: keyof ReadBounds | null;
}

/** In the shape of Directus's own errors, so that an extension is told. */
export class ReadTooLargeError extends Error {
  override readonly name = 'DirectusError';
  readonly code = 'CONTENT_TOO_LARGE';
  readonly status = 413;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(limit: keyof ReadBounds, most: number) {
    super(`It would read more than ${most} ${limit} of the database; ask for fewer by limit, fields or filter.`);
    this.extensions = { limit, most };
  }
}

export interface ReadMeter {
  /** Directus's connections, for calls under `run`. */
  readonly knex: Knex;
  run<Result>(adds: boolean, work: () => Promise<Result>): Promise<Result>;
}

export const makeReadMeter = (database: Knex, bounds: ReadBounds): ReadMeter => {
  const meters = new AsyncLocalStorage<Meter>();
  const count = (meter: Meter, rows: number, bytes: number): void => {
    meter.rows += rows;
    meter.bytes += bytes;
    if (meter.rows > bounds.rows) meter.over ??= 'rows';
    if (meter.bytes > bounds.bytes) meter.over ??= 'bytes';
  };
  const knex = database.withUserParams({});
  const { client } = knex;
  const { postProcessResponse } = client.config;
  // Of every dialect, once a statement's rows are here.
  client.config.postProcessResponse = (result: unknown, context: unknown): unknown => {
    const meter = meters.getStore();
    if (meter !== undefined) {
      const rows = Array.isArray(result) ? result.length : 0;
      // The wire has counted them where it can.
      if (meter.over === null && rows > bounds.rows) meter.over = 'rows';
      if (meter.over !== null) throw new ReadTooLargeError(meter.over, bounds[meter.over]);
    }
    return postProcessResponse === undefined ? result : postProcessResponse(result, context);
  };

  /** While a statement still comes in: its connection is broken off, as nothing else stops what is under way. */
  const watched = new WeakMap<object, () => void>();
  const acquire = client.acquireConnection.bind(client) as () => Promise<Wire & object>;
  const release = client.releaseConnection.bind(client) as (connection: object) => Promise<void>;
  client.acquireConnection = async () => {
    const connection = await acquire();
    const meter = meters.getStore();
    const wire = connection.connection;
    if (meter === undefined || wire === undefined || typeof wire.on !== 'function') return connection;
    const onRow = ({ length }: { readonly length: number }): void => {
      count(meter, 1, length);
      if (meter.over === null) return;
      // So Knex's pool knows a connection that it may not hand out again.
      Object.assign(connection, { __knex__disposed: new ReadTooLargeError(meter.over, bounds[meter.over]) });
      wire.stream.destroy();
    };
    const onEnd = (): void => {
      if (!meter.adds) meter.rows = meter.bytes = 0;
    };
    wire.on('dataRow', onRow);
    wire.on('commandComplete', onEnd);
    watched.set(connection, () => {
      wire.off('dataRow', onRow);
      wire.off('commandComplete', onEnd);
    });
    return connection;
  };
  client.releaseConnection = (connection: object) => {
    watched.get(connection)?.();
    watched.delete(connection);
    return release(connection);
  };

  return {
    knex,
    async run(adds, work) {
      const meter: Meter = { adds, rows: 0, bytes: 0, over: null };
      try {
        const result = await meters.run(meter, work);
        if (meter.over === null) return result;
      } catch (error) {
        if (meter.over === null) throw error;
      }
      throw new ReadTooLargeError(meter.over, bounds[meter.over]);
    },
  };
};
