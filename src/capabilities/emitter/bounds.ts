// How much one event name, one grant and one tenant may hold. docs/limits.md is locked to it by a test. Must never hold logic.

export const emitterBounds = {
  eventChars: { unit: 'characters', value: 128, meaning: 'Name of an event, or a pattern of names.' },
  segments: { unit: 'count', value: 16, meaning: 'Parts of a name or pattern, between dots.' },
  patterns: { unit: 'count', value: 100, meaning: 'Patterns of one list of a grant.' },
  listenersPerTenant: {
    unit: 'count',
    value: 5_000,
    meaning: 'Listeners of all extensions in one tenant; what is added above is refused.',
  },
  pendingChars: { unit: 'characters', value: 33_554_432, meaning: 'Events of one tenant on their way to listeners; more are refused.' },
  cronChars: { unit: 'characters', value: 100, meaning: 'A cron pattern.' },
  awaitedPercent: { unit: 'percent', value: 50, meaning: 'What one awaited listener may use of the time its emitter has left.' },
  startMs: { unit: 'ms', value: 30_000, meaning: 'What all init listeners together may take at a start.' },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
