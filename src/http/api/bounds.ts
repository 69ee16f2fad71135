// How much the operator's API takes at once. docs/limits.md is locked to it by a test. Must never hold logic.

export const apiBounds = {
  bodyMs: { unit: 'ms', value: 120_000, meaning: 'Time in which an archive has to arrive.' },
  changes: { unit: 'count', value: 4, meaning: 'Deployments that are under way at once; archives are in memory meanwhile.' },
  tenants: { unit: 'count', value: 1_000, meaning: 'Tenants that one deployment can name.' },
  releases: { unit: 'count', value: 1_000, meaning: 'Releases that one answer lists, the latest first.' },
} as const;
