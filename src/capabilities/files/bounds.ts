// How much a grant of files may name, and how much of a package's own files a script may carry. docs/limits.md is locked to it by a test. Must never hold logic.

export const filesBounds = {
  paths: { unit: 'count', value: 64, meaning: 'Paths of one grant.' },
  pathChars: { unit: 'characters', value: 200, meaning: 'One path.' },
  files: { unit: 'count', value: 256, meaning: 'Files that one package carries.' },
  bytes: { unit: 'bytes', value: 1_048_576, meaning: 'Those files together.' },
} as const satisfies Readonly<Record<string, { readonly unit: string; readonly value: number; readonly meaning: string }>>;
