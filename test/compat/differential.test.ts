// More than two hundred small programs print in a cell what they print in Node, but for the differences on the published list. Must never let a difference come or go unseen.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';
import type { Files } from '../packages/package-writer.ts';
import { differences } from './differences.ts';

type Lines = readonly string[];

const folder = join(import.meta.dirname, '../fixtures/programs');
const hereNames = ((await import(join(folder, 'main.js'))) as { readonly names: Lines }).names;
const names = new Set(hereNames);
const files: Files = {
  'package.json': JSON.stringify({
    name: 'programs',
    version: '1.0.0',
    type: 'module',
    main: 'main.js',
    cloister: {
      capabilities: { fetch: { origins: { 'http://a': true } }, env: { keys: ['PROGRAM_KEY'] } },
      limits: { cpuMs: 20_000, wallMs: 40_000 },
    },
  }),
  ...Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])),
};

/** In a process of its own: this one's test runner changes what promises and the console look like. */
const runAllInNode = async (): Promise<ReadonlyMap<string, Lines>> => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', join(import.meta.dirname, 'run-programs.ts')], {
    env: { TZ: 'UTC', LANG: 'en_US.UTF-8' },
    maxBuffer: 16_000_000,
  });
  return new Map(JSON.parse(stdout) as readonly (readonly [string, Lines])[]);
};

let inNode: ReadonlyMap<string, Lines>;
let runtime: TestRuntime | undefined;
before(async () => {
  inNode = await runAllInNode();
  runtime = await openTestRuntime({ extensions: { programs: files } });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime?.close());

const runInCell = async (name: string): Promise<Lines> => {
  assert.ok(runtime);
  const reply = await runtime.get(`/programs?name=${encodeURIComponent(name)}`);
  return reply.status === 200 ? (reply.json() as Lines) : [`answered ${reply.code}`];
};

describe('a program in a cell prints what it prints in node', () => {
  test('there are at least 150, each with a name of its own', () => assert.ok(names.size >= 150 && names.size === hereNames.length));
  for (const name of hereNames.filter((one) => !Object.hasOwn(differences, one)))
    test(name, async () => assert.deepEqual(await runInCell(name), inNode.get(name)));
});

describe('a listed difference is one', () => {
  for (const name of Object.keys(differences))
    test(name, async () => {
      assert.ok(names.has(name), 'no such program');
      assert.notDeepEqual(
        await runInCell(name),
        inNode.get(name),
        'it prints the same now: take it off the list in test/compat/differences.ts',
      );
    });
});
