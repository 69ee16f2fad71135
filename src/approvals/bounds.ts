// How large approvals may be, and how long one may take to be written. docs/limits.md is locked to it by a test. Must never hold logic.

export const approvalBounds = {
  lockBytes: { unit: 'bytes', value: 16_777_216, meaning: 'The lock file.' },
  artifactBytes: { unit: 'bytes', value: 134_217_728, meaning: 'One approved script that is kept.' },
  artifacts: { unit: 'count', value: 64, meaning: 'Kept scripts that no entry of the lock names any more; the oldest goes first.' },
  turnMs: { unit: 'ms', value: 10_000, meaning: 'Time one writer of the lock has; after that another takes over.' },
  turnPollMs: { unit: 'ms', value: 25, meaning: 'How often a writer that waits looks again.' },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
