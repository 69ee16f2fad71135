// How much a grant of router may list. docs/limits.md is locked to it by a test. Must never hold logic.

export const routerBounds = {
  paths: { unit: 'count', value: 256, meaning: 'Patterns of one grant.' },
  patternChars: { unit: 'characters', value: 512, meaning: 'One pattern.' },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
