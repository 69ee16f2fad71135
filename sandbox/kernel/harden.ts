// Takes out of the isolate what its memory limit does not count or its timeout does not stop. Must run when a cell boots, not while the image is made:
// V8 puts some of these globals back into every context that it makes from an image, and aborts where it finds them changed.
import { showAsyncGenerators } from './async-generators.ts';
import { permittedBuiltins, permittedMembers } from './permitted.ts';

/** Resizable buffers grow outside the heap limit (measured: gigabytes under a 64 MB limit), so the constructor loses its second argument. */
const limitArrayBuffer = (): void => {
  const Native = globalThis.ArrayBuffer;
  const { construct, defineProperty } = Reflect;
  const Limited = function ArrayBuffer(this: unknown, length: number): ArrayBuffer {
    if (new.target === undefined) throw new TypeError("Constructor ArrayBuffer requires 'new'");
    return construct(Native, [length], new.target === (Limited as unknown) ? Native : (new.target as never)) as ArrayBuffer;
  } as unknown as ArrayBufferConstructor;
  defineProperty(Limited, 'prototype', { value: Native.prototype, writable: false, enumerable: false, configurable: false });
  defineProperty(Limited, 'isView', { value: Native.isView, writable: true, enumerable: false, configurable: true });
  defineProperty(Limited, Symbol.species, { get: (): unknown => Limited, enumerable: false, configurable: true });
  defineProperty(Native.prototype, 'constructor', { value: Limited, writable: true, enumerable: false, configurable: true });
  defineProperty(globalThis, 'ArrayBuffer', { value: Limited, writable: true, enumerable: false, configurable: true });
};

const keepOnly = (owner: object, permitted: readonly PropertyKey[]): void => {
  for (const key of Reflect.ownKeys(owner)) if (typeof key === 'string' && !permitted.includes(key)) Reflect.deleteProperty(owner, key);
};

export const harden = (): void => {
  keepOnly(globalThis, permittedBuiltins);
  const globals = globalThis as unknown as Readonly<Record<string, { readonly prototype: object }>>;
  for (const [name, of, members] of permittedMembers) {
    const owner = globals[name];
    if (owner !== undefined) keepOnly(of === 'prototype' ? owner.prototype : owner, members);
  }
  limitArrayBuffer();
  showAsyncGenerators();
};
