// Limits of reading one extension package, before anything of it runs. No manifest can ask for them. Must never hold logic.
import type { LimitRow } from './table.ts';

export const packageLimitTable = {
  packageJsonBytes: {
    unit: 'bytes',
    default: 262_144,
    ceiling: 16_777_216,
    floor: 1_024,
    meaning: 'The package.json of an extension or of a package inside it.',
  },
  sourceBytes: {
    unit: 'bytes',
    default: 16_777_216,
    ceiling: 268_435_456,
    floor: 1_024,
    meaning: 'Source files of one extension together, its dependencies included.',
  },
  sourceFiles: {
    unit: 'count',
    default: 5_000,
    ceiling: 100_000,
    floor: 1,
    meaning: 'Source files of one extension, its dependencies included.',
  },
  scriptBytes: {
    unit: 'bytes',
    default: 16_777_216,
    ceiling: 134_217_728,
    floor: 1_024,
    meaning: 'The one script an extension is bundled to.',
  },
  archiveBytes: {
    unit: 'bytes',
    default: 25_165_824,
    ceiling: 402_653_184,
    floor: 1_024,
    meaning: 'A signed archive: a third more than what is in it.',
  },
  bundleMs: { unit: 'ms', default: 20_000, ceiling: 600_000, floor: 100, meaning: 'Wall time to bundle one extension.' },
  bundleMb: {
    unit: 'MB',
    default: 1_024,
    ceiling: 16_384,
    floor: 128,
    meaning: 'Resident memory of the processes that bundle one extension, where the system tells it (Linux).',
  },
  packagesFound: {
    unit: 'count',
    default: 1_000,
    ceiling: 100_000,
    floor: 1,
    meaning: 'Subfolders looked at in one folder of extensions.',
  },
} as const satisfies Record<string, LimitRow>;

export type PackageLimitName = keyof typeof packageLimitTable;
export type PackageLimits = Readonly<Record<PackageLimitName, number>>;

/** What holds when nobody says otherwise, with what an operator said over it. */
export const makePackageLimits = (said: Partial<PackageLimits> = {}): PackageLimits => {
  const names = Object.keys(packageLimitTable) as PackageLimitName[];
  return Object.fromEntries(names.map((name) => [name, said[name] ?? packageLimitTable[name].default])) as PackageLimits;
};
