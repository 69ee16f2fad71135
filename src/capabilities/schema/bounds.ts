// How much a grant of schema may name. docs/limits.md is locked to it by a test. Must never hold logic.

export const schemaBounds = {
  collections: { unit: 'count', value: 1_000, meaning: 'Collections one grant names.' },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
