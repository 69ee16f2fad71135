// How much the registry keeps and how long it waits. docs/limits.md is locked to it by a test. Must never hold logic.

export const registryBounds = {
  previous: { unit: 'count', value: 10, meaning: 'Versions of an extension that `rollback` can go back to.' },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
