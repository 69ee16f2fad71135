// How much one log line may hold, on either side of the wall. docs/limits.md is locked to it by a test. Must never hold logic.

export const logBounds = {
  textChars: {
    unit: 'characters',
    value: 4_096,
    meaning: 'Text of one log line; the guest side cuts what is longer, the host refuses it.',
  },
  dataChars: {
    unit: 'characters',
    value: 4_096,
    meaning: 'Data of one log line as JSON; the guest side cuts what is longer, the host refuses it.',
  },
  dataDepth: { unit: 'count', value: 8, meaning: 'Levels of the data of one log line.' },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
