// How much a grant of headers may list. docs/limits.md is locked to it by a test. Must never hold logic.

export const headersBounds = {
  names: { unit: 'count', value: 64, meaning: 'Header names of one grant.' },
  nameChars: { unit: 'characters', value: 128, meaning: 'One header name.' },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
