// Deep equality as node's assert and util have it, strict and loose. Must never run a getter twice, nor end on values that hold themselves.
import { types } from './util-types.ts';

type Pairs = Map<object, object>;

const keysOf = (value: object, strict: boolean): PropertyKey[] => [
  ...Object.keys(value),
  ...(strict ? Object.getOwnPropertySymbols(value).filter((key) => Object.getOwnPropertyDescriptor(value, key)?.enumerable === true) : []),
];

const sameLeaf = (left: unknown, right: unknown, strict: boolean): boolean => {
  if (strict) return Object.is(left, right);
  // biome-ignore lint/suspicious/noDoubleEquals: the loose comparison is defined by ==.
  return left == right || (Number.isNaN(left) && Number.isNaN(right));
};

/** What `valueOf` gives of a box or a date; undefined for what is neither. */
const boxed = (value: object): unknown =>
  types.isDate(value) || types.isBoxedPrimitive(value) ? (value as { valueOf(): unknown }).valueOf() : undefined;

const kindOf = (value: object): string => Object.prototype.toString.call(value);

class Comparison {
  readonly #strict: boolean;
  readonly #pairs: Pairs = new Map();

  constructor(strict: boolean) {
    this.#strict = strict;
  }

  equal(left: unknown, right: unknown): boolean {
    if (left === right) return left !== 0 || !this.#strict || Object.is(left, right);
    if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null)
      return sameLeaf(left, right, this.#strict);
    if (this.#pairs.get(left) === right) return true;
    if (this.#strict && Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false;
    this.#pairs.set(left, right);
    const result = this.#objects(left, right);
    this.#pairs.delete(left);
    return result;
  }

  #objects(left: object, right: object): boolean {
    if (kindOf(left) !== kindOf(right) || Array.isArray(left) !== Array.isArray(right)) return false;
    if (types.isRegExp(left)) {
      if (String(left) !== String(right) || (left as RegExp).lastIndex !== (right as RegExp).lastIndex) return false;
    } else if (left instanceof Error && right instanceof Error) {
      if (left.message !== right.message || left.name !== right.name || !this.equal(left.cause, right.cause)) return false;
    } else if (!Object.is(boxed(left), boxed(right))) return false;
    if (ArrayBuffer.isView(left) || types.isAnyArrayBuffer(left)) return this.#bytes(left, right);
    if (types.isMap(left)) return types.isMap(right) && this.#maps(left as Map<unknown, unknown>, right as Map<unknown, unknown>);
    if (types.isSet(left)) return types.isSet(right) && this.#sets(left as Set<unknown>, right as Set<unknown>);
    return this.#properties(left, right);
  }

  #bytes(left: object, right: object): boolean {
    const bytes = (of: object): Uint8Array => {
      if (!ArrayBuffer.isView(of)) return new Uint8Array(of as ArrayBuffer);
      return new Uint8Array(of.buffer, of.byteOffset, of.byteLength);
    };
    const [mine, yours] = [bytes(left), bytes(right)];
    return mine.length === yours.length && mine.every((byte, index) => byte === yours[index]);
  }

  #properties(left: object, right: object): boolean {
    if (Array.isArray(left) && left.length !== (right as unknown[]).length) return false;
    const keys = keysOf(left, this.#strict);
    if (keys.length !== keysOf(right, this.#strict).length) return false;
    const at = (of: object, key: PropertyKey): unknown => (of as Record<PropertyKey, unknown>)[key];
    return keys.every((key) => Object.hasOwn(right, key) && this.equal(at(left, key), at(right, key)));
  }

  #sets(left: Set<unknown>, right: Set<unknown>): boolean {
    if (left.size !== right.size) return false;
    const rest = [...right].filter((item) => !left.has(item));
    return [...left].every((item) => {
      if (right.has(item)) return true;
      const index = rest.findIndex((other) => this.equal(item, other));
      if (index === -1) return false;
      rest.splice(index, 1);
      return true;
    });
  }

  #maps(left: Map<unknown, unknown>, right: Map<unknown, unknown>): boolean {
    if (left.size !== right.size) return false;
    const rest = [...right].filter(([key]) => !left.has(key));
    return [...left].every(([key, value]) => {
      if (right.has(key)) return this.equal(value, right.get(key));
      const index = rest.findIndex(([other, its]) => this.equal(key, other) && this.equal(value, its));
      if (index === -1) return false;
      rest.splice(index, 1);
      return true;
    });
  }
}

export const isDeepStrictEqual = (left: unknown, right: unknown): boolean => new Comparison(true).equal(left, right);
export const isDeepLooseEqual = (left: unknown, right: unknown): boolean => new Comparison(false).equal(left, right);
