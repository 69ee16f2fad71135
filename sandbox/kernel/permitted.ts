// Data: what of a bare isolate the kernel takes away. Must hold no code.

/** Off the heap limit, shared between threads, or run outside any timeout. */
export const removedGlobals = ['WebAssembly', 'SharedArrayBuffer', 'Atomics', 'FinalizationRegistry', 'WeakRef', 'console'] as const;

/** Members that let a buffer grow or move without being counted. */
export const removedMembers = [
  ['ArrayBuffer', 'resize'],
  ['ArrayBuffer', 'resizable'],
  ['ArrayBuffer', 'maxByteLength'],
  ['ArrayBuffer', 'transfer'],
  ['ArrayBuffer', 'transferToFixedLength'],
] as const;
