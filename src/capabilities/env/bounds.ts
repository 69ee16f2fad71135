// How much a grant of env may name. docs/limits.md is locked to it by a test. Must never hold logic.

export const envBounds = {
  keys: { unit: 'count', value: 256, meaning: 'Keys of one grant.' },
  keyChars: { unit: 'characters', value: 128, meaning: 'Name of one key.' },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
