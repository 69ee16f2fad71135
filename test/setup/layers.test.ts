// Guards the rules for imports: each is fed a tree that breaks it, through the real reader. A rule nobody has seen fail is no rule.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { findViolations, type Violation } from '../../scripts/layers/check.ts';
import { readImports } from '../../scripts/layers/edges.ts';
import { layerRules } from '../../scripts/layers/table.ts';

interface Row {
  readonly name: string;
  readonly rule: string;
  readonly file: string;
  readonly code: string;
}

const breaches: readonly Row[] = [
  { name: 'the protocol imports a package', rule: 'protocol-imports-nothing', file: 'sandbox/protocol/a.ts', code: "import 'node:fs';" },
  {
    name: 'the host imports the kernel',
    rule: 'host-knows-only-the-protocol',
    file: 'src/wards/a.ts',
    code: "import '../../sandbox/kernel/ok.ts';",
  },
  {
    name: 'the host imports a type of the ward',
    rule: 'host-knows-only-the-protocol',
    file: 'src/wards/b.ts',
    code: "import type { x } from '../../sandbox/ward/ok.ts';",
  },
  {
    name: 'the host imports a guest file',
    rule: 'host-runs-no-guest-file',
    file: 'src/capabilities/log/host.ts',
    code: "import './guest.ts';",
  },
  {
    name: 'the kernel imports the host',
    rule: 'guest-imports-no-host-code',
    file: 'sandbox/kernel/a.ts',
    code: "import '../../src/errors.ts';",
  },
  {
    name: 'the platform imports a type of the host',
    rule: 'guest-imports-no-host-code',
    file: 'sandbox/platform/a.ts',
    code: "import type { x } from '../../src/errors.ts';",
  },
  { name: 'the kernel imports a Node built-in', rule: 'guest-imports-no-node', file: 'sandbox/kernel/b.ts', code: "import 'node:fs';" },
  {
    name: 'a guest file imports its host side',
    rule: 'guest-file-stays-on-its-side',
    file: 'src/capabilities/env/guest.ts',
    code: "import './host.ts';",
  },
  {
    name: 'a part of a guest file imports its host side',
    rule: 'guest-file-stays-on-its-side',
    file: 'src/capabilities/stock/guest/part.ts',
    code: "import '../host.ts';",
  },
  {
    name: 'a guest file imports its policy',
    rule: 'guest-file-stays-on-its-side',
    file: 'src/capabilities/fetch/guest.ts',
    code: "import './policy.ts';",
  },
  {
    name: 'a guest file imports the schemas of its contract',
    rule: 'guest-file-takes-types-of-contracts',
    file: 'src/capabilities/mail/guest.ts',
    code: "import './contract.ts';",
  },
  {
    name: 'the ward imports the host',
    rule: 'ward-imports-no-host-code',
    file: 'sandbox/ward/a.ts',
    code: "import '../../src/errors.ts';",
  },
  { name: 'the host imports isolated-vm', rule: 'only-the-ward-knows-isolated-vm', file: 'src/wards/c.ts', code: "import 'isolated-vm';" },
  { name: 'dispatch imports express', rule: 'express-only-at-the-edge', file: 'src/dispatch/a.ts', code: "import 'express';" },
  { name: 'a contract imports all of typebox', rule: 'typebox-in-one-file', file: 'src/config/a.ts', code: "import 'typebox';" },
  {
    name: 'a capability imports another',
    rule: 'capabilities-never-import-each-other',
    file: 'src/capabilities/env/host.ts',
    code: "import type { x } from '../log/policy.ts';",
  },
  {
    name: 'a capability imports the registry',
    rule: 'capabilities-do-not-know-the-registry',
    file: 'src/capabilities/env/contract.ts',
    code: "import '../registry.ts';",
  },
  { name: 'a policy reads a file', rule: 'policy-is-pure', file: 'src/capabilities/env/policy.ts', code: "import 'node:fs';" },
  { name: 'errors import the runtime', rule: 'imports-run-one-way', file: 'src/errors.ts', code: "import './runtime.ts';" },
  { name: 'bridge and wards import each other', rule: 'imports-run-one-way', file: 'src/bridge/a.ts', code: "import '../wards/ok.ts';" },
  {
    name: 'capabilities import the bridge beyond its interface',
    rule: 'imports-run-one-way',
    file: 'src/capabilities/log/policy.ts',
    code: "import type { x } from '../../bridge/ok.ts';",
  },
  { name: 'a folder without a row imports something', rule: 'layer-unknown', file: 'src/misc/a.ts', code: "import '../errors.ts';" },
  { name: 'two files import each other', rule: 'no-cycles', file: 'src/http/a.ts', code: "import './b.ts';" },
];

const sound: Readonly<Record<string, string>> = {
  'src/http/b.ts': "import './a.ts';\nimport 'express';\nimport '#typebox';",
  'src/http/ok.ts': "import type { x } from './late.ts';\nimport '../dispatch/ok.ts';\nexport type Late = typeof import('./late.ts');",
  'src/http/late.ts': "import './ok.ts';\nexport const x = 1;\nexport type Late = typeof import('./ok.ts');",
  'src/dispatch/ok.ts': "import '../../sandbox/protocol/ok.ts';\nexport const x = 1;",
  'src/wards/ok.ts': 'export const x = 1;',
  'src/bridge/ok.ts': 'export const x = 1;',
  'src/bridge/capability.ts': "import '../errors.ts';\nexport const x = 1;",
  'src/runtime.ts': "import './http/ok.ts';\nexport const x = 1;",
  'src/runtime.test.ts': "import 'isolated-vm';\nimport '../sandbox/kernel/ok.ts';",
  'src/capabilities/registry.ts': "import './log/policy.ts';\nexport const x = 1;",
  'src/capabilities/log/guest.ts': "import type { x } from './contract.ts';\nimport type { y } from '../../../sandbox/kernel/ok.ts';",
  'src/capabilities/log/contract.ts': "import type { x } from '../../bridge/capability.ts';\nexport const y = 1;",
  'src/capabilities/mail/contract.ts': 'export const x = 1;',
  'sandbox/protocol/ok.ts': 'export const x = 1;',
  'sandbox/ward/ok.ts': "import 'isolated-vm';\nimport 'node:fs';\nexport const x = 1;",
  'sandbox/kernel/ok.ts': "import '../../src/capabilities/log/guest.ts';\nexport const x = 1;",
};

const config = JSON.stringify({
  compilerOptions: { noEmit: true, allowImportingTsExtensions: true, module: 'nodenext' },
  include: ['src', 'sandbox'],
});

describe('the rules for imports', () => {
  let root = '';
  let found: readonly Violation[] = [];

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'cloister-layers-'));
    const files: Readonly<Record<string, string>> = {
      ...sound,
      ...Object.fromEntries(
        breaches.map(({ file, code }) => [
          file,
          `${code}
export const x = 1;`,
        ]),
      ),
      'tsconfig.json': config,
    };
    for (const [file, code] of Object.entries(files)) {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      writeFileSync(join(root, file), code);
    }
    found = findViolations(readImports(root).edges);
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  for (const { name, rule, file } of breaches) {
    test(`refuse that ${name}`, () => {
      const rules = found
        .filter(({ from, to }) => from === file || (rule === 'no-cycles' && to === file))
        .map((violation) => violation.rule);
      assert.ok(rules.includes(rule), `${file} broke ${rules.join(', ') || 'nothing'}`);
    });
  }

  test('leave a sound tree alone', () => {
    const wronged = found.filter(({ from, rule }) => Object.hasOwn(sound, from) && rule !== 'no-cycles');
    assert.deepEqual(wronged, []);
  });

  test('are each broken by a row of this table', () => {
    const shown = new Set(breaches.map(({ rule }) => rule));
    assert.deepEqual(
      layerRules.map(({ name }) => name).filter((name) => !shown.has(name)),
      [],
    );
  });

  test('report a file that no tsconfig includes', () => {
    const bare = mkdtempSync(join(tmpdir(), 'cloister-unseen-'));
    try {
      mkdirSync(join(bare, 'src'));
      writeFileSync(join(bare, 'src', 'a.ts'), 'export const x = 1;');
      writeFileSync(join(bare, 'tsconfig.json'), JSON.stringify({ include: ['test'], files: [] }));
      assert.deepEqual(readImports(bare).unseen, ['src/a.ts']);
    } finally {
      rmSync(bare, { recursive: true, force: true });
    }
  });
});
