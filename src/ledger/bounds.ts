// How much one ledger line and the writer behind it may hold, whoever asks. docs/limits.md is locked to it by a test. Must never hold logic.

export const ledgerBounds = {
  fieldChars: {
    unit: 'characters',
    value: 512,
    meaning: 'One text field of an entry; what is longer is cut and keeps its length and SHA-256.',
  },
  argsChars: { unit: 'characters', value: 4_096, meaning: 'Summarised arguments of one call, all together.' },
  argsItems: { unit: 'count', value: 32, meaning: 'Keys or list items at one level of the summarised arguments.' },
  argsDepth: { unit: 'count', value: 4, meaning: 'Levels of the summarised arguments.' },
  lineBytes: {
    unit: 'bytes',
    value: 65_536,
    meaning: 'The longest line a reader of the ledger takes for an entry; writing stays far below it.',
  },
  pendingBytes: {
    unit: 'bytes',
    value: 8_388_608,
    meaning: 'Entries waiting for the disk; when they are more, calls and requests are refused.',
  },
  foldedKinds: {
    unit: 'count',
    value: 64,
    meaning: 'Kinds of repeated entries told apart in one request, or at once in one host; more are counted together.',
  },
  foldMs: { unit: 'ms', value: 1_000, meaning: 'How often counts of what is repeated outside of requests are written.' },
  flushMs: { unit: 'ms', value: 5, meaning: 'How long entries gather before they are written together.' },
  stuckMs: {
    unit: 'ms',
    value: 5_000,
    meaning:
      'How long an answer or a call waits for its entries while the disk or the table takes none; then it is 503, and for whoever comes after at once, until they take one.',
  },
  batchMs: { unit: 'ms', value: 50, meaning: 'How long entries gather for the table and for the function of the embedder.' },
  batchLines: { unit: 'count', value: 2_000, meaning: 'Entries of one such batch.' },
  retryMs: { unit: 'ms', value: 1_000, meaning: 'Pause before a failed write is tried again.' },
  sizeCheckMs: { unit: 'ms', value: 1_000, meaning: 'How often the file is checked for a second writer.' },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
