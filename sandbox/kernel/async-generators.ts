// What libraries reach by way of an async generator function, though guests' are compiled to plain functions (see zone.ts). Must never lead to the engine's own constructors of asynchronous functions.

/** Stands for %AsyncIteratorPrototype%. */
const asyncIteratorPrototype = {
  [Symbol.asyncIterator](): unknown {
    return this;
  },
};
const generatorPrototype = Object.create(asyncIteratorPrototype) as object;

/**
 * `Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype)` is how the standard's %AsyncIteratorPrototype% is got,
 * since it has no name. From a lowered function the inner step ends at Function.prototype, which has no `prototype`; no other function shows it.
 */
export const showAsyncGenerators = (): void => {
  const { prototype } = Object.getOwnPropertyDescriptors({
    get prototype(): object | undefined {
      return (this as unknown) === Function.prototype ? generatorPrototype : undefined;
    },
    // Assigning makes it the function's own, as it would without this.
    set prototype(value: unknown) {
      Object.defineProperty(this, 'prototype', { value, writable: true, enumerable: true, configurable: true });
    },
  });
  Object.defineProperty(Function.prototype, 'prototype', { ...prototype, enumerable: false });
};
