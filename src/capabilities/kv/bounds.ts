// How much one key, one value and one extension's store may hold, and how its connections are used. docs/limits.md is locked to it by a test. Must never hold logic.

export const kvBounds = {
  keyChars: { unit: 'characters', value: 256, meaning: 'A key, or a prefix of keys.' },
  keys: { unit: 'count', value: 1_000, meaning: 'Keys of one extension in one tenant where its grant has no `maxKeys`.' },
  bytes: { unit: 'bytes', value: 1_048_576, meaning: 'Keys and values of one extension in one tenant where its grant has no `maxBytes`.' },
  valueBytes: { unit: 'bytes', value: 65_536, meaning: 'One value as JSON where the grant has no `maxValueBytes`.' },
  mostKeys: { unit: 'count', value: 1_000_000, meaning: 'The most `maxKeys` can say.' },
  mostBytes: { unit: 'bytes', value: 1_073_741_824, meaning: 'The most `maxBytes` can say.' },
  mostValueBytes: { unit: 'bytes', value: 1_048_576, meaning: 'The most `maxValueBytes` can say.' },
  ttlMs: { unit: 'ms', value: 315_360_000_000, meaning: 'The longest life an entry can be given.' },
  listed: { unit: 'count', value: 1_000, meaning: 'Entries of one page of a list.' },
  pageBytes: { unit: 'bytes', value: 1_048_576, meaning: 'Keys and values of one page of a list; it ends with the entry before.' },
  connections: { unit: 'count', value: 2, meaning: 'Connections of one extension from one host to its store.' },
  waiting: { unit: 'count', value: 500, meaning: 'Calls of one extension that wait for one of them; more are refused.' },
  waitMs: { unit: 'ms', value: 5_000, meaning: 'How long a call waits for one.' },
  statementMs: { unit: 'ms', value: 5_000, meaning: 'Time of one statement, waiting for another writer included.' },
  idleMs: { unit: 'ms', value: 10_000, meaning: 'A connection that was idle this long is closed.' },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
