// The calls behind Knex's driver interface: statements, transactions, streams, cancelling. Runs in the isolate; must never decide anything.
/// <reference path="../knex-inner.d.ts" />
import type { QueryObject } from 'knex/lib/dialects/postgres/index.js';
import type { GuestBridge } from '../../../../sandbox/kernel/guest-capability.ts';
import { type Control, type GuestConnection, nextTag } from './connection.ts';
import { findLookUp } from './look-up.ts';
import { decodeError, decodeResult, encodeBinding, makeRowReader, type WireResult } from './values.ts';

/** Where rows go: Knex's own Transform. */
export interface RowSink {
  readonly destroyed: boolean;
  write(row: unknown): boolean;
  end(): void;
  emit(event: string, ...args: unknown[]): boolean;
  once(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

export interface StreamOptions {
  readonly batchSize?: unknown;
  readonly highWaterMark?: unknown;
  readonly rowMode?: string;
}

export interface Sender {
  query(connection: GuestConnection, query: QueryObject): Promise<QueryObject>;
  stream(connection: GuestConnection, query: QueryObject, sink: RowSink, options: StreamOptions | undefined): Promise<void>;
  cancel(connection: GuestConnection): Promise<void>;
}

interface Piece {
  readonly stream: number;
  readonly fields: WireResult['fields'];
  readonly rows: WireResult['rows'];
  readonly done: boolean;
}

/** `pg` has it so. */
const defaultBatch = 100;
const largestBatch = 1_000;

const batchOf = (options: StreamOptions | undefined): number => {
  const wished = Number(options?.batchSize ?? options?.highWaterMark ?? defaultBatch);
  return Number.isFinite(wished) ? Math.max(1, Math.min(Math.trunc(wished), largestBatch)) : defaultBatch;
};

/** Resolves when the sink wants more, or never will. */
const drained = (sink: RowSink): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      sink.off('drain', go);
      sink.off('close', go);
      resolve();
    };
    sink.once('drain', go);
    sink.once('close', go);
  });

export const makeSender = (bridge: GuestBridge): Sender => {
  const call = async (method: string, args: object): Promise<unknown> => {
    try {
      return await bridge.call(method, args);
    } catch (error) {
      throw decodeError(error);
    }
  };

  const statement = (connection: GuestConnection, { sql, bindings }: QueryObject): Record<string, unknown> => {
    const args: Record<string, unknown> = { sql, bindings: (bindings ?? []).map(encodeBinding) };
    if (connection.transaction !== undefined) args['transaction'] = connection.transaction;
    return args;
  };

  const savepointOf = (connection: GuestConnection, { args }: Control): number =>
    connection.savepoints?.get(String(args['id'])) ?? 1_000_000;

  const control = async (connection: GuestConnection, asked: Control): Promise<string> => {
    const { transaction } = connection;
    switch (asked.method) {
      case 'begin':
        connection.transaction = ((await call('begin', asked.args)) as { readonly transaction: number }).transaction;
        return 'BEGIN';
      case 'savepoint': {
        const made = (await call('savepoint', { transaction })) as { readonly savepoint: number };
        connection.savepoints ??= new Map();
        connection.savepoints.set(String(asked.args['id']), made.savepoint);
        return 'SAVEPOINT';
      }
      case 'release':
      case 'rollbackTo':
        await call(asked.method, { transaction, savepoint: savepointOf(connection, asked) });
        return asked.method === 'release' ? 'RELEASE' : 'ROLLBACK';
      default:
        return (await call(asked.method, { transaction })) as string;
    }
  };

  const query: Sender['query'] = async (connection, asked) => {
    const { control: announced } = connection;
    connection.control = undefined;
    if (announced !== undefined) {
      const command = await control(connection, announced);
      asked.response = decodeResult({ command, rowCount: null, fields: [], rows: [] }, undefined);
      return asked;
    }
    const lookUp = findLookUp(asked.output);
    if (lookUp !== undefined) {
      asked.response = { command: 'SELECT', rows: await lookUp(call) };
      return asked;
    }
    const args = statement(connection, asked);
    if (asked.cancelOnTimeout === true && connection.transaction === undefined) {
      connection.tag = nextTag();
      args['tag'] = connection.tag;
    }
    asked.response = decodeResult((await call('query', args)) as WireResult, asked.options?.rowMode);
    return asked;
  };

  /** One piece at a time, and the next only when the sink has taken this one. */
  const pour = async (
    connection: GuestConnection,
    asked: QueryObject,
    sink: RowSink,
    options: StreamOptions | undefined,
  ): Promise<void> => {
    let piece = (await call('open', { ...statement(connection, asked), rows: batchOf(options) })) as Piece;
    const { stream } = piece;
    const readRow = makeRowReader(piece.fields, options?.rowMode ?? asked.options?.rowMode);
    for (;;) {
      for (const texts of piece.rows) {
        if (sink.destroyed) break;
        if (!sink.write(readRow(texts)) && !sink.destroyed) await drained(sink);
      }
      if (piece.done) break;
      if (sink.destroyed) {
        await call('close', { stream });
        return;
      }
      piece = (await call('fetch', { stream })) as Piece;
    }
    if (!sink.destroyed) sink.end();
  };

  return {
    query,
    async stream(connection, asked, sink, options) {
      try {
        await pour(connection, asked, sink, options);
      } catch (error) {
        sink.emit('error', error);
        throw error;
      }
    },
    async cancel({ transaction, tag }) {
      if (transaction !== undefined) await call('cancel', { transaction });
      else if (tag !== undefined) await call('cancel', { tag });
    },
  };
};
