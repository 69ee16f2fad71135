// The short form of `npm run test:packages`: the same harness with packages that are installed here anyway, so it asks no registry. Must never pass where the harness cannot tell same from different.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Upstream } from '../helpers/upstream.ts';
import { makeRows, writeExtension } from './runner/install.ts';
import type { Outcome } from './runner/results.ts';
import { runRows } from './runner/run.ts';
import { openPackagesUpstream } from './runner/upstream.ts';
import { packageUses } from './uses/table.ts';
import type { PackageUse } from './uses/use.ts';

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));
const use = (name: string, source: string, more: Partial<PackageUse> = {}): PackageUse => ({
  name,
  versions: ['here'],
  does: '',
  source,
  ...more,
});

/** Packages with what they need, as they lie in node_modules. */
const bundled: Readonly<Record<string, readonly string[]>> = {
  ajv: ['ajv', 'fast-deep-equal', 'fast-uri', 'json-schema-traverse', 'require-from-string'],
  'mime-types': ['mime-types', 'mime-db'],
  'lru-cache': ['lru-cache'],
};

const uses: readonly PackageUse[] = [
  ...packageUses.filter(({ name }) => name === 'ajv' || name === 'mime-types').map((one) => ({ ...one, versions: ['here'] })),
  use(
    'lru-cache',
    `import { LRUCache } from 'lru-cache'; export const use = async () => { const cache = new LRUCache({ max: 1 }); cache.set('a', 1); cache.set('b', 2); return [cache.get('a') ?? null, cache.get('b')]; };`,
  ),
  use(
    'upstream',
    `export const use = async ({ origin, req }) => [await (await fetch(origin + '/json')).json(), req.headers['content-type']];`,
  ),
  use('unlike', 'export const use = async () => process.execPath;'),
  use('wrong', `export const use = async () => { throw new Error('wrong on both sides'); };`),
  use('refused', `import net from 'node:net'; export const use = async () => net.connect(1);`, {
    refused: { how: /net\.connect is not available/, why: 'no sockets' },
  }),
  use('unrefused', `export const use = async () => 'all is well';`, { refused: { how: /not available/, why: 'no sockets' } }),
];

describe('an extension with packages, in plain Node and in a cell', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cloister-uses-'));
  let upstream: Upstream;
  let outcomes: ReadonlyMap<string, Outcome>;
  before(async () => {
    upstream = await openPackagesUpstream();
    const rows = makeRows(uses, folder);
    for (const row of rows) {
      await writeExtension(row, upstream.origin);
      for (const name of bundled[row.use.name] ?? []) {
        mkdirSync(path.join(row.folder, 'node_modules'), { recursive: true });
        cpSync(path.join(modules, name), path.join(row.folder, 'node_modules', name), { recursive: true });
      }
    }
    outcomes = new Map([...(await runRows(rows, upstream.origin))].map(([row, outcome]) => [row.use.name, outcome]));
  });
  after(async () => {
    await upstream.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const expected: readonly (readonly [string, string, Outcome['outcome']])[] = [
    ['ajv', 'compiles and checks a schema as in Node', 'same'],
    ['mime-types', 'tells types as in Node', 'same'],
    ['lru-cache', 'keeps and forgets as in Node', 'same'],
    ['upstream', 'asks the upstream as in Node', 'same'],
    ['unlike', 'an answer that is not Node’s is a failure', 'fails'],
    ['wrong', 'an error on both sides is no success', 'fails'],
    ['refused', 'a clear refusal counts as one', 'refused'],
    ['unrefused', 'what was to be refused and runs is a failure', 'fails'],
  ];
  for (const [name, sentence, outcome] of expected)
    test(`${name}: ${sentence}`, () => assert.equal(outcomes.get(name)?.outcome, outcome, outcomes.get(name)?.note));
});
