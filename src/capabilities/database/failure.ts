// What a guest learns of a statement that failed: SQLSTATE, our own words, and names of granted objects. Must never pass on server text that may hold values or hidden names.
import { CloisterError } from '../../errors.ts';
import { ruleMark } from './admission/build.ts';

/** The fields of the driver's error that are looked at. */
interface ServerError {
  readonly code: string;
  readonly message: string;
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly constraint?: string | undefined;
  readonly position?: string | undefined;
  readonly where?: string | undefined;
  readonly internalQuery?: string | undefined;
}

export type IsGranted = (schema: string, table: string) => boolean;

const isServerError = (error: unknown): error is Error & ServerError =>
  error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code);

const failed = (sqlState: string, message: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown): CloisterError =>
  new CloisterError('ERR_DATABASE_FAILED', message, { ...details, sqlState }, cause === undefined ? {} : { cause });

/** The statement or its result went over a limit: PostgreSQL's own class for that. */
export const makeLimitFailure = (limit: string, allowed: number): CloisterError =>
  failed('54000', `the result is over ${limit} (${String(allowed)})`, { limit, allowed });

/** Nothing is wrong with the statement; it may be tried again later. */
const unavailable = (sqlState: string, message: string, cause?: unknown): CloisterError =>
  new CloisterError('ERR_DATABASE_UNAVAILABLE', message, { sqlState }, cause === undefined ? {} : { cause });

export const makeUnavailableFailure = (cause?: unknown): CloisterError => unavailable('08006', 'the database cannot be reached', cause);

export const makeBusyFailure = (): CloisterError => unavailable('53300', 'too many statements wait for a connection');

export const makeWaitFailure = (): CloisterError => unavailable('53300', 'no connection became free in time');

export const makeOverdueFailure = (transactionMs: number): CloisterError =>
  failed('25P04', 'the transaction was ended: it took too long', { limit: 'transactionMs', allowed: transactionMs });

export const makeIdleFailure = (): CloisterError => failed('25P03', 'the transaction was ended: nothing came for too long');

/** One that never was, one of another lease and one that has ended look the same. */
export const makeNoTransactionFailure = (): CloisterError => failed('25P01', 'there is no such transaction');

export const makeNoStreamFailure = (): CloisterError => failed('34000', 'there is no such stream');

export const makeNoSavepointFailure = (): CloisterError => failed('3B001', 'savepoint does not exist');

export const makeTooManyFailure = (limit: string, allowed: number): CloisterError =>
  failed('54000', `more than ${limit} allows (${String(allowed)})`, { limit, allowed });

export const makeCancelledFailure = (): CloisterError => failed('57014', 'canceling statement due to user request');

/** The server or the way to it is gone, going or full. */
const isUnavailable = (code: string): boolean =>
  (code.startsWith('08') && code !== '08P01') ||
  code === '53300' ||
  code === '57P01' ||
  code === '57P02' ||
  code === '57P03' ||
  code === '57P05';

/** In these the server's text can quote a value, a row, a hidden table or a trigger's words, so it is ours. */
const ownWords = new Map([
  ['21000', 'a subquery or ON CONFLICT met a row twice'],
  ['22001', 'value too long for its column type'],
  ['22003', 'numeric value out of range'],
  ['22007', 'invalid date or time'],
  ['22008', 'date or time out of range'],
  ['22012', 'division by zero'],
  ['22021', 'text that is not valid in the encoding of the database'],
  ['22023', 'invalid parameter value'],
  ['22P02', 'invalid input syntax'],
  ['40001', 'could not serialize access due to concurrent update'],
  ['40P01', 'deadlock detected'],
  ['42501', 'permission denied'],
  ['53200', 'the database is out of memory'],
  ['55P03', 'lock not available'],
  ['57014', 'canceling statement due to statement timeout'],
  ['P0001', 'a trigger or function of the database refused the statement'],
]);

const ownWordsByClass = new Map([
  ['08', 'the database cannot be reached'],
  ['22', 'invalid value'],
  ['23', 'the statement violates a constraint'],
  ['40', 'the transaction was rolled back'],
  ['53', 'the database is short of resources'],
  ['54', 'the statement is over a limit of the database'],
  ['57', 'the database is not available'],
]);

const constraintWords = (
  code: string,
  named: { readonly table?: string; readonly column?: string; readonly constraint?: string },
): string => {
  const constraint = named.constraint === undefined ? '' : ` "${named.constraint}"`;
  switch (code) {
    case '23502':
      return named.column === undefined
        ? 'null value violates not-null constraint'
        : `null value in column "${named.column}" violates not-null constraint`;
    case '23503':
      return `the statement violates foreign key constraint${constraint}`;
    case '23505':
      return `duplicate key value violates unique constraint${constraint}`;
    case '23514':
      return `the row violates check constraint${constraint}`;
    case '23P01':
      return `the row conflicts with exclusion constraint${constraint}`;
    default:
      return 'the statement violates a constraint';
  }
};

/** The type it did not fit is safe to name, the value after the colon is not. */
const inputWords = (message: string): string | undefined =>
  /^invalid input (?:syntax|value) for (?:type|enum) [a-z0-9_ ]{1,64}/.exec(message)?.[0];

/** Class 42 speaks of the statement's own text, unless it arose inside a function or a view's rule. */
const speaksOfStatement = (error: ServerError): boolean =>
  error.code.startsWith('42') && error.code !== '42501' && error.where === undefined && error.internalQuery === undefined;

export const makeFailure = (error: unknown, isGranted: IsGranted): CloisterError => {
  if (error instanceof CloisterError) return error;
  if (!isServerError(error)) return makeUnavailableFailure(error);
  const { code } = error;
  if (error.message.includes(ruleMark)) return failed('42501', 'the row is outside what the grant allows', {}, error);
  if (isUnavailable(code)) return unavailable(code, ownWordsByClass.get(code.slice(0, 2)) ?? 'the database cannot be reached', error);
  const granted = error.schema !== undefined && error.table !== undefined && isGranted(error.schema, error.table);
  // Names are only told of tables the extension knows anyway: a foreign key can name one it does not.
  const named = granted
    ? {
        table: error.table ?? '',
        ...(error.column === undefined ? {} : { column: error.column }),
        ...(error.constraint === undefined ? {} : { constraint: error.constraint }),
      }
    : {};
  if (code.startsWith('23')) return failed(code, constraintWords(code, named), named, error);
  if (speaksOfStatement(error)) return failed(code, error.message, error.position === undefined ? {} : { position: error.position }, error);
  const words = (code === '22P02' ? inputWords(error.message) : undefined) ?? ownWords.get(code) ?? ownWordsByClass.get(code.slice(0, 2));
  return failed(code, words ?? 'the statement failed', named, error);
};
