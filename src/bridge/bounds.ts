// What the bridge takes of a request beside its limits. docs/limits.md is locked to it by a test. Must never hold logic.

export const bridgeBounds = {
  notes: {
    unit: 'count',
    value: 512,
    meaning: 'Uses of things handed over at boot (keys of `env`) that one request puts on record; more are dropped.',
  },
  steps: {
    unit: 'count',
    value: 100_000,
    meaning: 'Steps by which one request goes on with calls that take more than one, such as the pieces of a body.',
  },
  judgingMs: {
    unit: 'ms',
    value: 250,
    meaning: "Host time in which the calls of one request are checked and judged; a request's own `cpuMs` where that is more.",
  },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
