// How much one use of fetch may be, where the grant says nothing else. docs/limits.md is locked to it by a test. Must never hold logic.

export const fetchBounds = {
  origins: { unit: 'count', value: 64, meaning: 'Origins of one grant.' },
  urlChars: { unit: 'characters', value: 8_192, meaning: 'One URL.' },
  headers: { unit: 'count', value: 64, meaning: 'Headers of one request.' },
  headerChars: { unit: 'characters', value: 8_192, meaning: 'Value of one header of a request.' },
  responseHeaderBytes: { unit: 'bytes', value: 32_768, meaning: 'Headers of one response together.' },
  responseHeaders: { unit: 'count', value: 512, meaning: 'Headers of one response.' },
  interimResponses: { unit: 'count', value: 16, meaning: 'Answers with a status of 1xx that may come before the one.' },
  requestBytes: {
    unit: 'bytes',
    value: 524_288,
    meaning: 'Body of one request, streamed or not, unless the grant says `maxRequestBytes`.',
  },
  responseBytes: { unit: 'bytes', value: 4_194_304, meaning: 'Body of one response, decoded, unless the grant says `maxResponseBytes`.' },
  encodings: { unit: 'count', value: 2, meaning: 'Content encodings laid over one another in a response.' },
  pieceBytes: { unit: 'bytes', value: 65_536, meaning: 'One piece of a body, and what is held of a body that is not taken.' },
  wholeBytes: {
    unit: 'bytes',
    value: 65_536,
    meaning: 'A response up to this comes with its head where all of it is there within `wholeMs`.',
  },
  wholeMs: { unit: 'ms', value: 10, meaning: 'Time that a head waits for a short body.' },
  redirects: { unit: 'count', value: 5, meaning: 'Redirects that are followed.' },
  connectMs: { unit: 'ms', value: 5_000, meaning: 'Time to look a name up and to connect.' },
  concurrent: { unit: 'count', value: 32, meaning: 'Requests of one extension under way at once, over all tenants; more are refused.' },
  callsPerRequest: { unit: 'count', value: 20, meaning: 'Requests made by one request, unless the grant says `callsPerRequest`.' },
  callsPerMinute: {
    unit: 'count',
    value: 600,
    meaning: 'Requests of one tenant of one extension in a minute, unless the grant says `callsPerMinute`.',
  },
  secrets: { unit: 'count', value: 32, meaning: 'Secrets of one grant.' },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
