// When a canary is taken back. docs/limits.md is locked to it by a test. Must never hold logic.

export const canaryBounds = {
  windowMs: { unit: 'ms', value: 300_000, meaning: 'What a canary and the version beside it did within this time is compared.' },
  minRequests: { unit: 'count', value: 10, meaning: 'Answered requests of a canary before its rates say anything.' },
  chancePerMillion: {
    unit: 'per million',
    value: 1_000,
    meaning: 'A canary goes when one no worse than the version beside it would look so bad by chance less often than this.',
  },
  excessPercent: {
    unit: 'percent',
    value: 1,
    meaning: 'A rate that is over the other by less than this is let be, however certain it is.',
  },
  alonePercent: {
    unit: 'percent',
    value: 50,
    meaning: 'Where the version beside it answered too few to compare with, a canary goes at this rate.',
  },
  clients: {
    unit: 'count',
    value: 2,
    meaning:
      'Clients that fared badly with a canary before its rates can end it; requests of which nobody knows whose they are count each.',
  },
  badPerClient: {
    unit: 'count',
    value: 5,
    meaning: 'Bad requests of one client that count within the window: the others are as if they had not been.',
  },
  knownClients: {
    unit: 'count',
    value: 1_000,
    meaning: 'Clients with bad requests that are told apart, for each version and tenth of the window; those beyond are nobody’s.',
  },
  crashes: { unit: 'count', value: 3, meaning: 'Requests that ended the memory or the process they ran in: then a canary goes at once.' },
  unfinished: {
    unit: 'count',
    value: 10_000,
    meaning: 'Requests over a limit, and requests of known clients, that are remembered until they end.',
  },
} as const;
