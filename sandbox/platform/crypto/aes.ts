// noble's AES, evaluated when a cell first encrypts: its tables are more than a megabyte, and who only signs needs none. Must never be imported past this file.

// esbuild turns require() with a literal into a call of that module's wrapper; no require exists when this runs.
declare const require: (name: string) => unknown;

export const aes = (): typeof import('@noble/ciphers/aes.js') => require('@noble/ciphers/aes.js') as typeof import('@noble/ciphers/aes.js');
