// What libraries reach by way of an async generator function, though guests' are compiled to plain functions (see zone.ts). Must never show on any function but Function.prototype itself.

/** The engine's own: this file's would be lowered too. */
const native = new Function('return async function* () {}')() as object;
const generatorPrototype = (Object.getPrototypeOf(native) as { readonly prototype: object }).prototype;

/**
 * `Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype)` is how the standard's %AsyncIteratorPrototype% is got,
 * since it has no name. From a lowered function the inner step ends at Function.prototype, which has no `prototype`.
 */
export const showAsyncGenerators = (): void => {
  Object.defineProperty(Function.prototype, 'prototype', {
    configurable: true,
    enumerable: false,
    get(this: unknown): object | undefined {
      return this === Function.prototype ? generatorPrototype : undefined;
    },
    // Assigning makes it the function's own, as it would without this.
    set(this: object, value: unknown) {
      Object.defineProperty(this, 'prototype', { value, writable: true, enumerable: true, configurable: true });
    },
  });
};
