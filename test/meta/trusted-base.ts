// Counts the lines whose fault could void a promise of SECURITY.md, and prints them as its table. Must never count tests.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(dirname(import.meta.dirname));

interface Part {
  readonly name: string;
  readonly patterns: readonly string[];
  readonly except?: RegExp;
  readonly guards: string;
}

export const trustedBase: readonly Part[] = [
  {
    name: 'kernel',
    patterns: ['sandbox/kernel/**/*.ts'],
    guards: 'what a cell has; one request’s account from another’s of the same cell',
  },
  { name: 'ward', patterns: ['sandbox/ward/**/*.ts', 'sandbox/protocol/**/*.ts'], guards: 'isolates, their timers, the frames' },
  { name: 'wards, dispatch', patterns: ['src/wards/**/*.ts', 'src/dispatch/**/*.ts'], guards: 'who is in which process, limits, endings' },
  { name: 'http', patterns: ['src/http/**/*.ts'], guards: 'what of a message reaches whom' },
  {
    name: 'bridge',
    patterns: ['src/bridge/**/*.ts', 'src/policy/**/*.ts'],
    guards: 'every call: lease, size, form, granted, budget, schema, grants, ledger',
  },
  {
    name: 'capabilities',
    patterns: ['src/capabilities/**/*.ts'],
    except: /\/guest(?:\.ts$|\/)/,
    guards: 'what is granted and what is done for it',
  },
  { name: 'config, packages', patterns: ['src/config/**/*.ts', 'src/packages/**/*.ts'], guards: 'what runs, with which grants' },
  {
    name: 'start, approvals, events, jobs',
    patterns: [
      'src/runtime.ts',
      'src/installation.ts',
      'src/database.ts',
      'src/approvals/**/*.ts',
      'src/events/**/*.ts',
      'src/jobs/**/*.ts',
    ],
    guards: 'who is put together with whom, what was approved, who hears what',
  },
  { name: 'ledger', patterns: ['src/ledger/**/*.ts'], guards: 'what is on record' },
];

export const countLines = ({ patterns, except }: Part): number =>
  globSync([...patterns], { cwd: root })
    .filter((file) => !file.endsWith('.test.ts') && except?.test(file) !== true)
    .reduce((sum, file) => sum + readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length, 0);

/** To the nearest hundred: a number that is true for longer than a day. */
export const roundLines = (lines: number): number => Math.max(100, Math.round(lines / 100) * 100);

/** All of it, tests and guests' sides left out. */
export const countTrustedBase = (): number => trustedBase.reduce((sum, part) => sum + countLines(part), 0);

if (import.meta.main) {
  for (const part of trustedBase) console.log(`| ${part.name} | ${roundLines(countLines(part)).toLocaleString('en')} | ${part.guards} |`);
  console.log(`in all ${roundLines(countTrustedBase()).toLocaleString('en')}`);
}
