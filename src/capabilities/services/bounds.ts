// How much a grant of services may name and one call may bring. docs/limits.md is locked to it by a test. Must never hold logic.

export const servicesBounds = {
  services: { unit: 'count', value: 200, meaning: 'Services one grant names, and one host has.' },
  methods: { unit: 'count', value: 200, meaning: 'Methods of one service that a grant names, and that a host offers.' },
  collections: { unit: 'count', value: 1_000, meaning: 'Collections of one service that a grant names.' },
  nameChars: { unit: 'characters', value: 64, meaning: 'Name of a service or method.' },
  collectionChars: { unit: 'characters', value: 127, meaning: 'Name of a collection.' },
  args: { unit: 'count', value: 16, meaning: 'Arguments of one call.' },
  depth: { unit: 'count', value: 200, meaning: 'Levels of the arguments, and of a result: what goes round in a circle ends there.' },
  errorChars: { unit: 'characters', value: 2_000, meaning: "Message of a service's own error; the rest is cut off." },
  errorExtensionChars: { unit: 'characters', value: 16_384, meaning: "Extensions of a service's own error; larger ones are left out." },
  summaryKeys: { unit: 'count', value: 32, meaning: 'Field names of one argument that the ledger keeps.' },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
