// An extension reaches for process, files, modules, the engine and its own kernel, in every spelling and position: there is nothing to reach. Must never depend on a spelling being recognised.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { makeRandom, readSeed } from '../helpers/random.ts';
import { extension } from '../helpers/runtime.ts';
import { openSiege, type Siege } from '../helpers/siege.ts';
import { isWhole, thinned } from '../helpers/thinned.ts';

const read = (name: string): string => readFileSync(new URL(`../fixtures/guest/${name}.js`, import.meta.url), 'utf8');
const load = async (name: string): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> =>
  (await import(new URL(`../fixtures/guest/${name}.js`, import.meta.url).href)) as Readonly<
    Record<string, Readonly<Record<string, string>>>
  >;
const { spellings: spellingTable = {}, targets = {} } = await load('reaching');
const spellings = Object.keys(spellingTable);
const positions = Object.keys((await load('channels'))['positions'] ?? {});
const random = makeRandom(readSeed());
const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? '';

interface Reached {
  readonly nothing?: true;
  readonly got?: string;
  readonly refused?: string;
  readonly message?: string;
}

let siege: Siege;
before(async () => {
  const limits = { cpuMs: 2_000, wallMs: 10_000, registerMs: 20_000 };
  siege = await openSiege({
    hostile: { reacher: { ...extension(read('reaching'), { limits }), 'channels.js': read('channels'), 'values.js': read('values') } },
  });
});
after(() => siege.end());

const reach = async (body: object): Promise<Reached> => {
  const reply = await siege.attack('/reacher/reach', body);
  assert.equal(reply.status, 200, reply.text.slice(0, 300));
  assert.ok(!reply.text.includes(siege.canary), reply.text);
  assert.doesNotMatch(reply.text, /node_modules\/(?!isolated)|\/src\/|\/sandbox\/|cloister_test|postgres:/);
  return reply.json() as Reached;
};

/** What stands in for node's own where it is there at all: text that says nothing of this machine. */
const harmless: Readonly<Record<string, RegExp>> = {
  'the whole environment': /^(?:\{\}|\{"NODE_ENV":"production"\})$/,
  'the arguments of the process': /^[\w/,.-]*$/,
  'a server': /^/,
  'a socket': /^/,
  'a cache of require': /^$/,
  // Of a function that it made itself; what the walk of closed.test.ts finds is none of the kernel's.
  'the callers of a function': /^function$/,
};

describe('there is nothing to reach', () => {
  for (const [target, code] of thinned(Object.entries(targets), 3)) {
    test(target, async () => {
      const tried = isWhole ? spellings : thinned(spellings, 6);
      assert.ok(tried.length > 0);
      const left = tried.map((spelling) => [spelling, pick(positions)] as const);
      const work = async (): Promise<void> => {
        for (let one = left.pop(); one !== undefined; one = left.pop()) {
          const [spelling, position] = one;
          const { got } = await reach({ spelling, target, position });
          if (got === undefined) continue;
          assert.ok(harmless[target]?.test(got), `${spelling}: ${code} gave ${got}`);
          assert.ok(!got.includes(hostname()) && !got.includes(process.execPath));
        }
      };
      // Some at once: host and cell each wait for the other most of the time.
      await Promise.all(Array.from({ length: 4 }, work));
    });
  }
});

describe('code that is made at run time runs, and is its own', () => {
  for (const spelling of spellings)
    test(spelling, async () => {
      assert.deepEqual(await reach({ spelling, position: 'in the handler', plain: '[1,2].map(String).join(String())' }), { got: '12' });
      assert.deepEqual(await reach({ spelling, position: pick(positions), plain: 'typeof process.mainModule' }), { got: 'undefined' });
    });
});

describe('a file that is there and one that is not', () => {
  for (const form of ["require('FILE')", "import('FILE')", "require('node:fs').readFileSync('FILE')", "require.resolve('FILE')"])
    test(`answer ${form} alike`, async () => {
      const ask = async (file: string): Promise<string> =>
        JSON.stringify(await reach({ spelling: 'eval', position: 'in the handler', plain: form.replace('FILE', file) })).replaceAll(
          file,
          'FILE',
        );
      assert.equal(await ask('/etc/passwd'), await ask('/etc/nowhere'));
    });
});
