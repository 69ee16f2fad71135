// The calls that are about what a lease holds: transactions, savepoints, streams, cancelling. Must never take a handle for more than a key into the lease's own Maps.
import type { Caller, CallResult } from '../../../bridge/capability.ts';
import { CloisterError } from '../../../errors.ts';
import { databaseBounds } from '../bounds.ts';
import { makeNoStreamFailure, makeNoTransactionFailure, makeTooManyFailure } from '../failure.ts';
import type { ResolvedGrant } from '../grant.ts';
import type { AdmittedStatement } from '../host.ts';
import type { BeginArgs, CancelArgs, ColumnsArgs, OpenArgs, QueryArgs, SavepointArgs, StreamArgs, TransactionArgs } from '../methods.ts';
import { defaultSchema, tableKey } from '../names.ts';
import { startExchange } from '../pool/exchange.ts';
import type { RoleConnection } from '../pool/role-connection.ts';
import type { Use } from '../pool/waiting-line.ts';
import { HeldStream, type Piece } from './held-stream.ts';
import { HeldTransaction, type Residue, type TransactionTimes } from './held-transaction.ts';
import type { LeaseWork } from './lease-work.ts';
import { readColumns } from './read-columns.ts';

export interface HeldParts {
  readonly grant: ResolvedGrant;
  readonly maxResultBytes: number;
  readonly times: TransactionTimes;
  workOf(signal: AbortSignal): LeaseWork;
  admit(args: QueryArgs, caller: Caller): AdmittedStatement;
  acquire(caller: Caller, use: Use): Promise<RoleConnection>;
  explain(error: unknown): CloisterError;
  giveBack(connection: RoleConnection, residue: Residue): void;
  /** Where the tenant's own tables are, by what statements call the schema; undefined: that is no schema of its own. */
  placeOf(schema: string, tenant: string): string | undefined;
}

export interface HeldMethods {
  /** The transaction a handle stands for in the caller's lease. */
  find(handle: number, caller: Caller): HeldTransaction;
  call(method: string, args: unknown, caller: Caller): Promise<CallResult>;
}

const nothing: CallResult = { json: 'null' };

const pieceResult = (piece: Piece, head: string): CallResult => ({
  json: `{${head}"rows":${piece.rowsJson},"done":${String(piece.done)}}`,
  rows: piece.rows,
});

export const makeHeldMethods = (parts: HeldParts): HeldMethods => {
  const { grant, maxResultBytes, times, workOf, admit, acquire, explain, giveBack, placeOf } = parts;

  const find = (handle: number, caller: Caller): HeldTransaction => {
    const transaction = workOf(caller.signal).transactions.get(handle);
    if (transaction === undefined) throw makeNoTransactionFailure();
    return transaction;
  };

  const open = async (args: BeginArgs, caller: Caller): Promise<HeldTransaction> => {
    const connection = await acquire(caller, 'transaction');
    const transaction = new HeldTransaction({ connection, statementMs: grant.statementMs, times, giveBack, explain });
    if (caller.signal.aborted) transaction.kill(new CloisterError('ERR_LEASE_OVER', 'the request ended before its transaction began'));
    await transaction.begin(args).catch((error: CloisterError) => {
      transaction.kill(error);
      throw error;
    });
    return transaction;
  };

  const begin = async (args: BeginArgs, caller: Caller): Promise<CallResult> => {
    const transaction = await open(args, caller);
    const work = workOf(caller.signal);
    if (caller.signal.aborted) transaction.kill(new CloisterError('ERR_LEASE_OVER', 'the request ended while its transaction began'));
    const handle = work.nextHandle();
    work.transactions.set(handle, transaction);
    return { json: `{"transaction":${String(handle)}}` };
  };

  const finish = async (how: 'commit' | 'rollback', { transaction: handle }: TransactionArgs, caller: Caller): Promise<CallResult> => {
    const transaction = find(handle, caller);
    try {
      return { json: JSON.stringify(await transaction.finish(how, makeNoTransactionFailure())) };
    } finally {
      // Only now: a lease that ends meanwhile must find it.
      workOf(caller.signal).transactions.delete(handle);
    }
  };

  const openStream = async (args: OpenArgs, caller: Caller): Promise<CallResult> => {
    const { text, values, residue } = admit(args, caller);
    const work = workOf(caller.signal);
    if (work.streams.size >= databaseBounds.streams.value) throw makeTooManyFailure('streams', databaseBounds.streams.value);
    const own = args.transaction === undefined;
    const transaction = args.transaction === undefined ? await open({}, caller) : find(args.transaction, caller);
    const handle = work.nextHandle();
    const stream = new HeldStream({
      transaction,
      own,
      portal: `p${String(handle)}`,
      text,
      values,
      maxRows: grant.maxRows,
      maxBytes: maxResultBytes,
      wishedRows: args.rows ?? databaseBounds.pieceRows.value,
      residue,
    });
    work.streams.set(handle, stream);
    // The lease may have ended while it was opened, and with it everything it held.
    if (caller.signal.aborted) stream.kill(new CloisterError('ERR_LEASE_OVER', 'the request ended while its stream began'));
    const piece = await read(stream, handle, work);
    return pieceResult(piece, `"stream":${String(handle)},"fields":${piece.fieldsJson},`);
  };

  /** The last piece comes when its portal has ended: what the statement changed is done by then. */
  const read = async (stream: HeldStream, handle: number, work: LeaseWork): Promise<Piece> => {
    try {
      const piece = await stream.read();
      if (!piece.done) return piece;
      await stream.close(makeNoTransactionFailure());
      work.streams.delete(handle);
      return piece;
    } catch (error) {
      work.streams.delete(handle);
      const known = explain(error);
      stream.kill(known);
      throw known;
    }
  };

  const fetch = async ({ stream: handle }: StreamArgs, caller: Caller): Promise<CallResult> => {
    const work = workOf(caller.signal);
    const stream = work.streams.get(handle);
    if (stream === undefined) throw makeNoStreamFailure();
    return pieceResult(await read(stream, handle, work), '');
  };

  const close = async ({ stream: handle }: StreamArgs, caller: Caller): Promise<CallResult> => {
    const work = workOf(caller.signal);
    await work.streams.get(handle)?.close(makeNoTransactionFailure());
    work.streams.delete(handle);
    return nothing;
  };

  /** Cancelling what has ended by itself is no error: it was on its way. */
  const cancel = (args: CancelArgs, caller: Caller): CallResult => {
    if (args.transaction !== undefined) find(args.transaction, caller).interrupt();
    else if (args.tag !== undefined) workOf(caller.signal).tagged.get(args.tag)?.();
    return nothing;
  };

  const columnsOf = async (args: ColumnsArgs, caller: Caller): Promise<CallResult> => {
    const { table, schema = defaultSchema } = args;
    const place = placeOf(schema, caller.tenant);
    if (place === undefined && !grant.tables.has(tableKey(schema, table))) return nothing;
    const connection = await acquire(caller, 'statement');
    const exchange = startExchange(connection, grant.statementMs, () => readColumns(connection, place ?? schema, table));
    try {
      const columns = await exchange.result;
      return columns.length === 0 ? nothing : { json: JSON.stringify({ columns }) };
    } catch (error) {
      throw explain(error);
    } finally {
      if (!exchange.givenUp) giveBack(connection, 'none');
    }
  };

  return {
    find,
    async call(method, args, caller) {
      switch (method) {
        case 'begin':
          return await begin(args as BeginArgs, caller);
        case 'commit':
        case 'rollback':
          return await finish(method, args as TransactionArgs, caller);
        case 'savepoint':
          return { json: `{"savepoint":${String(await find((args as TransactionArgs).transaction, caller).savepoint())}}` };
        case 'release':
          await find((args as SavepointArgs).transaction, caller).release((args as SavepointArgs).savepoint);
          return nothing;
        case 'rollbackTo':
          await find((args as SavepointArgs).transaction, caller).rollbackTo((args as SavepointArgs).savepoint);
          return nothing;
        case 'open':
          return await openStream(args as OpenArgs, caller);
        case 'fetch':
          return await fetch(args as StreamArgs, caller);
        case 'close':
          return await close(args as StreamArgs, caller);
        case 'cancel':
          return cancel(args as CancelArgs, caller);
        case 'columns':
          return await columnsOf(args as ColumnsArgs, caller);
        default:
          throw new CloisterError('ERR_METHOD_UNKNOWN', `the database has no method ${method}`);
      }
    },
  };
};
