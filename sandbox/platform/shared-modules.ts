// Which modules of the image parts share with it, by their path in this folder or their package. Data for sandbox/build.ts and parts.ts; must hold no code.

export const sharedModules = [
  'globals/buffer.ts',
  'globals/crypto.ts',
  'globals/dom-exception.ts',
  'globals/process.ts',
  'globals/timers.ts',
  'http/node-error.ts',
  'builtins/refusing.ts',
  'hooks.ts',
  'key-material.ts',
  'lazy.ts',
  'names.ts',
  'parts.ts',
  'readable-stream',
] as const;

export type SharedModule = (typeof sharedModules)[number];
