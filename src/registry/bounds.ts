// How much the registry keeps and how long it waits. docs/limits.md is locked to it by a test. Must never hold logic.

export const registryBounds = {
  previous: { unit: 'count', value: 10, meaning: 'Versions of an extension that `rollback` can go back to.' },
  deployments: { unit: 'count', value: 10_000, meaning: 'Extensions in one registry.' },
  tenants: { unit: 'count', value: 10_000, meaning: 'Tenants that one deployment names.' },
  releases: { unit: 'count', value: 64, meaning: 'Kept releases that no deployment names any more; the oldest goes first.' },
  stateBytes: { unit: 'bytes', value: 67_108_864, meaning: 'What the registry says of all deployments.' },
  archiveBytes: { unit: 'bytes', value: 402_653_184, meaning: 'One archive that is read; packages.archiveBytes may say less.' },
  recordBytes: { unit: 'bytes', value: 16_777_216, meaning: 'What is said of one release, or by one host.' },
  changes: { unit: 'count', value: 20, meaning: 'Times a change is tried again where another writer was first.' },
  turnMs: { unit: 'ms', value: 10_000, meaning: 'Time one writer of a registry in files has; after that another takes over.' },
  leftoverMs: { unit: 'ms', value: 3_600_000, meaning: 'Age from which half-written files of a writer that was killed are removed.' },
  turnPollMs: { unit: 'ms', value: 25, meaning: 'How often a writer that waits looks again.' },
  pollMs: { unit: 'ms', value: 500, meaning: 'How often a host looks whether there is a new revision, should nobody tell it.' },
  silenceMs: { unit: 'ms', value: 10_000, meaning: 'A database that says nothing for so long is taken to be gone.' },
  archiveBytesPerSecond: {
    unit: 'bytes',
    value: 262_144,
    meaning: 'Slower than this an archive need not come from the database or go there: `silenceMs` grows by so much time.',
  },
  retryMs: {
    unit: 'ms',
    value: 100,
    meaning: 'Wait before the first try to reach a lost database or to read again what failed; twice as long after each.',
  },
  maxRetryMs: { unit: 'ms', value: 5_000, meaning: 'The longest such wait.' },
  maxServeRetryMs: { unit: 'ms', value: 60_000, meaning: 'The longest wait before what could not be served here is tried again.' },
  returns: { unit: 'count', value: 1_000, meaning: 'Canaries that a host has taken back and the registry does not know of yet.' },
  reportMs: { unit: 'ms', value: 15_000, meaning: 'How often a host says of itself what it serves; also at each change.' },
  hostsMs: { unit: 'ms', value: 600_000, meaning: 'A host that said nothing for so long is forgotten.' },
  hosts: { unit: 'count', value: 1_000, meaning: 'Hosts that are remembered, the latest first.' },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
