// node:assert, the part libraries use at run time. Must never pass in silence what it does not check.
import { lazyInspect } from '../lazy.ts';
import { isDeepLooseEqual, isDeepStrictEqual } from './deep-equal.ts';

interface Failure {
  readonly message?: unknown;
  readonly actual?: unknown;
  readonly expected?: unknown;
  readonly operator?: string;
}

class AssertionError extends Error {
  override readonly name = 'AssertionError';
  readonly code = 'ERR_ASSERTION';
  readonly generatedMessage: boolean;
  readonly actual: unknown;
  readonly expected: unknown;
  readonly operator: string | undefined;

  constructor({ message, actual, expected, operator }: Failure) {
    super(
      message === undefined ? `${lazyInspect().inspect(actual)} ${operator ?? ''} ${lazyInspect().inspect(expected)}` : String(message),
    );
    this.generatedMessage = message === undefined;
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
  }
}

const check = (holds: boolean, failure: Failure): void => {
  if (holds) return;
  if (failure.message instanceof Error) throw failure.message;
  throw new AssertionError(failure);
};

const ok = (value: unknown, message?: unknown): void =>
  check(Boolean(value), { message: message ?? 'The expression evaluated to a falsy value', actual: value, expected: true, operator: '==' });

type Comparison = (actual: unknown, expected: unknown, message?: unknown) => void;
const comparison =
  (operator: string, holds: (actual: unknown, expected: unknown) => boolean): Comparison =>
  (actual, expected, message) =>
    check(holds(actual, expected), { message, actual, expected, operator });

/** Does the error fit what was expected of it: a class, a RegExp, an object of properties or a function? */
const fits = (error: unknown, expected: unknown): boolean => {
  if (expected === undefined || typeof expected === 'string') return true;
  if (expected instanceof RegExp) return expected.test(String(error));
  if (typeof expected !== 'function') {
    return Object.entries(expected as object).every(([key, value]) => {
      const found = (error as Record<string, unknown>)[key];
      return value instanceof RegExp && typeof found === 'string' ? value.test(found) : isDeepStrictEqual(found, value);
    });
  }
  if (expected.prototype !== undefined && error instanceof (expected as unknown as new () => object)) return true;
  if (Object.prototype.isPrototypeOf.call(Error, expected)) return false;
  return expected(error) === true;
};

const throws = (fn: () => unknown, expected?: unknown, message?: unknown): void => {
  try {
    fn();
  } catch (error) {
    if (fits(error, expected)) return;
    throw error;
  }
  check(false, { message: message ?? 'Missing expected exception.', expected, operator: 'throws' });
};

const rejects = async (given: Promise<unknown> | (() => Promise<unknown>), expected?: unknown, message?: unknown): Promise<void> => {
  try {
    await (typeof given === 'function' ? given() : given);
  } catch (error) {
    if (fits(error, expected)) return;
    throw error;
  }
  check(false, { message: message ?? 'Missing expected rejection.', expected, operator: 'rejects' });
};

/** What doesNotThrow and doesNotReject throw; an error of another kind than was asked about goes on as it is. */
const unwanted = (operator: string, what: string, error: unknown, expected: unknown, message: unknown): unknown => {
  if (!fits(error, expected)) return error;
  const own = typeof expected === 'string' ? expected : message;
  const tail = own === undefined ? '.' : `: ${String(own)}`;
  const actual = error instanceof Error ? error.message : error;
  return new AssertionError({
    message: `Got unwanted ${what}${tail}\nActual message: "${String(actual)}"`,
    actual: error,
    expected,
    operator,
  });
};

// biome-ignore lint/suspicious/noDoubleEquals: assert.equal is defined by ==.
const loosely = (left: unknown, right: unknown): boolean => left == right || (Number.isNaN(left) && Number.isNaN(right));

const members = {
  ok,
  AssertionError,
  equal: comparison('==', loosely),
  notEqual: comparison('!=', (left, right) => !loosely(left, right)),
  strictEqual: comparison('strictEqual', Object.is),
  notStrictEqual: comparison('notStrictEqual', (left, right) => !Object.is(left, right)),
  deepEqual: comparison('deepEqual', isDeepLooseEqual),
  deepStrictEqual: comparison('deepStrictEqual', isDeepStrictEqual),
  notDeepEqual: comparison('notDeepEqual', (left, right) => !isDeepLooseEqual(left, right)),
  notDeepStrictEqual: comparison('notDeepStrictEqual', (left, right) => !isDeepStrictEqual(left, right)),
  match: (text: string, pattern: RegExp, message?: unknown): void =>
    check(pattern.test(text), { message, actual: text, expected: pattern, operator: 'match' }),
  doesNotMatch: (text: string, pattern: RegExp, message?: unknown): void =>
    check(!pattern.test(text), { message, actual: text, expected: pattern, operator: 'doesNotMatch' }),
  fail: (message: unknown = 'Failed'): void => check(false, { message, operator: 'fail' }),
  ifError: (value: unknown): void =>
    check(value === null || value === undefined, {
      message: `ifError got unwanted exception: ${value instanceof Error ? value.message || value.name : lazyInspect().inspect(value)}`,
      actual: value,
      expected: null,
      operator: 'ifError',
    }),
  throws,
  doesNotThrow: (fn: () => unknown, expected?: unknown, message?: unknown): void => {
    try {
      fn();
    } catch (error) {
      throw unwanted('doesNotThrow', 'exception', error, expected, message);
    }
  },
  rejects,
  doesNotReject: async (given: Promise<unknown> | (() => Promise<unknown>), expected?: unknown, message?: unknown): Promise<void> => {
    try {
      await (typeof given === 'function' ? given() : given);
    } catch (error) {
      throw unwanted('doesNotReject', 'rejection', error, expected, message);
    }
  },
};

const assertStrict = Object.assign((value: unknown, message?: unknown): void => ok(value, message), members, {
  equal: members.strictEqual,
  notEqual: members.notStrictEqual,
});

export const assert = Object.assign((value: unknown, message?: unknown): void => ok(value, message), members, { strict: assertStrict });
