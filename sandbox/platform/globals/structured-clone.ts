// structuredClone for values of one isolate, by the HTML standard's steps. Must never run a getter twice, nor copy what cannot be copied in silence.
import { DOMException } from './dom-exception.ts';

const fail = (what: string): never => {
  throw new DOMException(`${what} could not be cloned.`, 'DataCloneError');
};

/** The built-in kind by internal slot where there is one, so that a forged toStringTag changes nothing. */
const slot = (read: () => unknown): boolean => {
  try {
    read();
    return true;
  } catch {
    return false;
  }
};
const getter = (prototype: object, name: PropertyKey): ((this: unknown) => unknown) =>
  Object.getOwnPropertyDescriptor(prototype, name)?.get as (this: unknown) => unknown;
const mapSize = getter(Map.prototype, 'size');
const setSize = getter(Set.prototype, 'size');
const bufferLength = getter(ArrayBuffer.prototype, 'byteLength');

const errorKinds: ReadonlyMap<string, new (message?: string) => Error> = new Map<string, new (message?: string) => Error>([
  ['Error', Error],
  ['EvalError', EvalError],
  ['RangeError', RangeError],
  ['ReferenceError', ReferenceError],
  ['SyntaxError', SyntaxError],
  ['TypeError', TypeError],
  ['URIError', URIError],
]);

class Cloner {
  readonly #seen = new Map<object, object>();

  clone(value: unknown): unknown {
    if (typeof value === 'symbol') return fail(String(value));
    if (typeof value === 'function') return fail(Function.prototype.toString.call(value).slice(0, 60));
    if (typeof value !== 'object' || value === null) return value;
    return this.#seen.get(value) ?? this.#cloneObject(value);
  }

  #remember<Copy extends object>(original: object, copy: Copy): Copy {
    this.#seen.set(original, copy);
    return copy;
  }

  #cloneObject(value: object): object {
    if (Array.isArray(value)) return this.#fill(value, this.#remember(value, new Array(value.length)));
    if (ArrayBuffer.isView(value)) return this.#cloneView(value);
    if (slot(() => bufferLength.call(value))) return this.#cloneBuffer(value as ArrayBuffer);
    if (slot(() => Date.prototype.getTime.call(value))) return this.#remember(value, new Date(Date.prototype.getTime.call(value)));
    if (slot(() => mapSize.call(value))) return this.#cloneMap(value as Map<unknown, unknown>);
    if (slot(() => setSize.call(value))) return this.#cloneSet(value as Set<unknown>);
    if (value instanceof RegExp) return this.#remember(value, new RegExp(value.source, value.flags));
    if (value instanceof Error || value instanceof DOMException) return this.#cloneError(value);
    if (value instanceof Number || value instanceof String || value instanceof Boolean || value instanceof BigInt)
      return this.#remember(value, Object(value.valueOf()));
    if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet)
      return fail(`#<${Object.prototype.toString.call(value).slice(8, -1)}>`);
    return this.#fill(value, this.#remember(value, {}));
  }

  #fill(from: object, to: object): object {
    for (const key of Object.keys(from))
      Object.defineProperty(to, key, {
        value: this.clone((from as Record<string, unknown>)[key]),
        writable: true,
        enumerable: true,
        configurable: true,
      });
    return to;
  }

  #cloneBuffer(buffer: ArrayBuffer): object {
    return this.#remember(buffer, buffer.slice(0));
  }

  #cloneView(view: ArrayBufferView): object {
    const buffer = this.clone(view.buffer) as ArrayBuffer;
    if (view instanceof DataView) return this.#remember(view, new DataView(buffer, view.byteOffset, view.byteLength));
    // By the kind of elements, not by constructor: a Buffer comes back as the Uint8Array it is.
    const kind = getter(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).call(view) as string;
    const Kind = (globalThis as unknown as Record<string, new (buffer: ArrayBuffer, offset: number, length: number) => object>)[kind];
    if (Kind === undefined) return fail(kind);
    return this.#remember(view, new Kind(buffer, view.byteOffset, (view as Uint8Array).length));
  }

  #cloneMap(map: Map<unknown, unknown>): object {
    const copy = this.#remember(map, new Map());
    for (const [key, value] of [...map]) copy.set(this.clone(key), this.clone(value));
    return copy;
  }

  #cloneSet(set: Set<unknown>): object {
    const copy = this.#remember(set, new Set());
    for (const value of [...set]) copy.add(this.clone(value));
    return copy;
  }

  #cloneError(error: Error): object {
    if (error instanceof DOMException) return this.#remember(error, new DOMException(error.message, error.name));
    const Kind = errorKinds.get(String(error.name)) ?? Error;
    const copy = this.#remember(error, new Kind());
    const put = (name: string, value: unknown): void => {
      Object.defineProperty(copy, name, { value, writable: true, configurable: true, enumerable: false });
    };
    if (Object.hasOwn(error, 'message')) put('message', String(error.message));
    if (typeof error.stack === 'string') put('stack', error.stack);
    if (Object.hasOwn(error, 'cause')) put('cause', this.clone(error.cause));
    return copy;
  }
}

/** What is in `transfer` is copied too: a buffer cannot be detached here, since the kernel takes ArrayBuffer.prototype.transfer away. */
export const structuredClone = (value: unknown, options: { readonly transfer?: Iterable<object> } = {}): unknown => {
  for (const item of options?.transfer ?? []) if (!slot(() => bufferLength.call(item))) fail('Value in the transfer list');
  return new Cloner().clone(value);
};
