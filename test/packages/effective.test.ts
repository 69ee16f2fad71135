// What an extension really gets. Invariant: nothing is granted that was not asked, approved and under the ceiling, baseline apart. Must never do I/O.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decideEffective, decideUnusedApprovals, type EffectiveInput } from '../../src/config/effective.ts';
import { extensionIdKey, parseExtensionId } from '../../src/config/extension-id.ts';
import { CloisterError } from '../../src/errors.ts';
import { limitTable } from '../../src/limits/table.ts';
import { sampleCatalog } from './sample-contracts.ts';

const base: EffectiveInput = {
  id: 'greet',
  manifest: {},
  expressDefault: 5,
  approvals: new Map(),
  ceiling: { capabilities: null, limits: {} },
  limits: {},
  baseline: sampleCatalog.baseline,
};

const asked = { keys: ['A', 'B'] };
const approved = { keys: ['A'] };
const most = { keys: ['A', 'C'] };
const asks = { capabilities: { env: asked } };
const approves = new Map([['greet', { capabilities: { env: approved } }]]);
const ceiling = (capabilities: Readonly<Record<string, unknown>>) => ({ capabilities: new Map(Object.entries(capabilities)), limits: {} });
const baseline = { router: [{}], log: [{}] };

describe('grants', () => {
  const cases: readonly (readonly [string, Partial<EffectiveInput>, Readonly<Record<string, readonly unknown[]>>])[] = [
    ['asked and nothing approved: baseline only', { manifest: asks }, baseline],
    ['asked and another extension approved: baseline only', { manifest: asks, approvals: new Map([['other', 'requested']]) }, baseline],
    [
      'approved without capabilities: baseline only',
      { manifest: asks, approvals: new Map([['greet', { isolation: 'request' as const }]]) },
      baseline,
    ],
    ['approved and not asked: baseline only', { approvals: approves }, baseline],
    [
      'approved and not asked, with an empty capabilities key: baseline only',
      { manifest: { capabilities: {} }, approvals: approves },
      baseline,
    ],
    ['asked and approved: both grants hold together', { manifest: asks, approvals: approves }, { ...baseline, env: [asked, approved] }],
    [
      'requested: the wish is the approval',
      { manifest: asks, approvals: new Map([['greet', 'requested']]) },
      { ...baseline, env: [asked] },
    ],
    ['requested for all', { manifest: asks, approvals: 'requested' }, { ...baseline, env: [asked] }],
    [
      'capabilities requested inside an approval',
      { manifest: asks, approvals: new Map([['greet', { capabilities: 'requested' as const, express: 4 as const }]]) },
      { ...baseline, env: [asked] },
    ],
    ['no cloister key: the approval stands for the request', { manifest: null, approvals: approves }, { ...baseline, env: [approved] }],
    ['no cloister key and requested: nothing was asked', { manifest: null, approvals: 'requested' }, baseline],
    [
      "a manifest from the operator stands in place of the package's",
      {
        manifest: { capabilities: { database: {} } },
        approvals: new Map([['greet', { manifest: asks, capabilities: 'requested' as const }]]),
      },
      { ...baseline, env: [asked] },
    ],
    [
      "the ceiling's grant holds too",
      { manifest: asks, approvals: approves, ceiling: ceiling({ env: most }) },
      { ...baseline, env: [asked, approved, most] },
    ],
    [
      'a ceiling without the capability takes it away',
      { manifest: asks, approvals: 'requested', ceiling: ceiling({ database: {} }) },
      baseline,
    ],
    ['a ceiling of false takes it away', { manifest: asks, approvals: 'requested', ceiling: ceiling({ env: false }) }, baseline],
    ['an empty ceiling leaves the baseline', { ceiling: ceiling({}) }, baseline],
    ['a ceiling of false takes a part of the baseline away', { ceiling: ceiling({ log: false }) }, { router: [{}] }],
    [
      'a ceiling narrows the baseline',
      { ceiling: ceiling({ router: { methods: ['GET'] } }) },
      { ...baseline, router: [{}, { methods: ['GET'] }] },
    ],
    [
      'a wish narrows the baseline even when nothing is approved',
      { manifest: { capabilities: { router: { methods: ['GET'] } } } },
      { ...baseline, router: [{}, { methods: ['GET'] }] },
    ],
    [
      'an approval narrows the baseline',
      { approvals: new Map([['greet', { capabilities: { router: { methods: [] } } }]]) },
      { ...baseline, router: [{}, { methods: [] }] },
    ],
    [
      'names of Object.prototype are not found',
      { manifest: JSON.parse('{"capabilities":{"toString":{}}}'), approvals: new Map([['greet', { capabilities: {} }]]) },
      baseline,
    ],
  ];
  for (const [name, input, expected] of cases) {
    test(name, () => assert.deepEqual(Object.fromEntries(decideEffective({ ...base, ...input }).grants), expected));
  }

  test('never an empty list: a list of no grants would be a policy that nobody asks', () => {
    for (const [, input] of cases)
      for (const grants of decideEffective({ ...base, ...input }).grants.values()) assert.ok(grants.length > 0);
  });
});

describe('mode audit', () => {
  const rows: readonly (readonly [string, Partial<EffectiveInput>, unknown, unknown])[] = [
    [
      'what is asked and approved is reported, the ceiling decides',
      { manifest: asks, approvals: approves },
      [most],
      [{ by: 'grants', grants: [asked, approved] }],
    ],
    ['what is not approved is reported as not granted', { manifest: asks }, [most], [{ by: 'grants', grants: null }]],
    ['what is not asked either', {}, [most], [{ by: 'grants', grants: null }]],
    ['nor with no cloister key at all', { manifest: null }, [most], [{ by: 'grants', grants: null }]],
    ['a capability that the ceiling takes away stays away', { ceiling: ceiling({ env: false }) }, undefined, undefined],
    [
      'one that the ceiling does not name stays away',
      { manifest: asks, approvals: 'requested', ceiling: ceiling({}) },
      undefined,
      undefined,
    ],
    [
      'a mode of its own stands before that of all',
      { mode: 'enforce', manifest: asks, approvals: approves },
      [asked, approved, most],
      undefined,
    ],
  ];
  for (const [name, input, grants, reported] of rows)
    test(name, () => {
      const effective = decideEffective({ ...base, defaultMode: 'audit', ceiling: ceiling({ env: most }), ...input });
      assert.deepEqual([effective.grants.get('env'), effective.reported.get('env')], [grants, reported]);
    });
  test('the baseline is enforced and its narrowing reported', () => {
    const wish = { methods: ['GET'] };
    const { grants, reported } = decideEffective({
      ...base,
      mode: 'audit',
      manifest: { capabilities: { router: wish } },
      ceiling: ceiling({}),
    });
    assert.deepEqual(
      [grants.get('router'), reported.get('router'), reported.get('log')],
      [[{}], [{ by: 'grants', grants: [wish] }], undefined],
    );
  });
  test('two modes for one extension are refused', () =>
    assert.throws(() => decideEffective({ ...base, mode: 'audit', approvals: new Map([['greet', { mode: 'enforce' as const }]]) }), {
      code: 'ERR_OPTIONS_INVALID',
    }));
  test('a candidate is reported for each granted capability, also where it lacks it', () => {
    const candidate = { env: approved };
    const { grants, reported } = decideEffective({
      ...base,
      manifest: { capabilities: { env: asked, database: {} } },
      approvals: new Map([['greet', { capabilities: 'requested' as const, candidate }]]),
    });
    assert.deepEqual([grants.get('env'), reported.get('env')], [[asked], [{ by: 'candidate', grants: [approved] }]]);
    assert.deepEqual(
      [reported.get('database'), reported.get('log')],
      [[{ by: 'candidate', grants: null }], [{ by: 'candidate', grants: [{}] }]],
    );
  });
});

describe('limits', () => {
  const cases: readonly (readonly [string, Partial<EffectiveInput>, number])[] = [
    ['the default', {}, limitTable.cpuMs.default],
    ['a wish for more, not approved: the default', { manifest: { limits: { cpuMs: 200 } } }, 50],
    ['a wish for more, approved', { manifest: { limits: { cpuMs: 200 } }, approvals: 'requested' }, 200],
    [
      'a wish for more with capabilities approved one by one: the default',
      { manifest: { limits: { cpuMs: 200 } }, approvals: new Map([['greet', { capabilities: {} }]]) },
      50,
    ],
    ['a wish for less always counts', { manifest: { limits: { cpuMs: 20 } } }, 20],
    [
      "the operator's limit for all stands above a wish",
      { manifest: { limits: { cpuMs: 200 } }, approvals: 'requested', limits: { cpuMs: 70 } },
      70,
    ],
    [
      "the approval's limit stands above both",
      { manifest: { limits: { cpuMs: 200 } }, limits: { cpuMs: 70 }, approvals: new Map([['greet', { limits: { cpuMs: 90 } }]]) },
      90,
    ],
    [
      'the ceiling cuts a wish',
      { manifest: { limits: { cpuMs: 200 } }, approvals: 'requested', ceiling: { capabilities: null, limits: { cpuMs: 100 } } },
      100,
    ],
    ['the ceiling cuts the default', { ceiling: { capabilities: null, limits: { cpuMs: 10 } } }, 10],
  ];
  for (const [name, input, cpuMs] of cases) test(name, () => assert.equal(decideEffective({ ...base, ...input }).limits.cpuMs, cpuMs));

  test('are all there', () => assert.deepEqual(Object.keys(decideEffective(base).limits), Object.keys(limitTable)));

  const codeOf = (input: Partial<EffectiveInput>): string => {
    try {
      decideEffective({ ...base, ...input });
    } catch (error) {
      return error instanceof CloisterError ? error.code : String(error);
    }
    return 'accepted';
  };

  test('a cell larger than its ward is refused, and by whose word decides for whom', () => {
    assert.equal(codeOf({ limits: { memoryMb: 600 } }), 'ERR_OPTIONS_INVALID');
    assert.equal(codeOf({ manifest: { limits: { memoryMb: 600 } }, approvals: 'requested' }), 'ERR_MANIFEST_INVALID');
    assert.equal(codeOf({ manifest: { limits: { memoryMb: 600 } } }), 'accepted');
  });

  test('two words on isolation are refused, one is taken from either place', () => {
    const request = new Map([['greet', { isolation: 'request' as const }]]);
    assert.equal(codeOf({ isolation: 'shared', approvals: request }), 'ERR_OPTIONS_INVALID');
    assert.equal(decideEffective({ ...base, approvals: request }).isolation, 'request');
    assert.equal(decideEffective({ ...base, isolation: 'request' }).isolation, 'request');
    assert.equal(decideEffective(base).isolation, 'shared');
  });

  test('Express: kind of package, then manifest, then operator', () => {
    assert.equal(decideEffective({ ...base, expressDefault: 4 }).express, 4);
    assert.equal(decideEffective({ ...base, expressDefault: 4, manifest: { express: 5 } }).express, 5);
    assert.equal(
      decideEffective({ ...base, manifest: { express: 5 }, approvals: new Map([['greet', { express: 4 as const }]]) }).express,
      4,
    );
  });
});

describe('ids', () => {
  for (const id of ['greet', 'A', 'a.b', '~x', 'a-b_c', '0', 'x'.repeat(64), '...'])
    test(`"${id}" is one`, () => assert.equal(parseExtensionId(id, 'here'), id));
  for (const id of [
    '',
    '.',
    '..',
    '_cloister',
    '_CLOISTER',
    '__proto__',
    'a/b',
    'a b',
    'a%2f',
    'ä',
    'x'.repeat(65),
    'a\n',
    7,
    null,
    ['a'],
  ]) {
    test(`${JSON.stringify(id)} is none`, () => assert.throws(() => parseExtensionId(id, 'here'), { code: 'ERR_PACKAGE_INVALID' }));
  }
  test('two spellings by case are one', () => assert.equal(extensionIdKey('Greet'), extensionIdKey('gREET')));
  test('approvals for ids that nobody has are named', () => {
    assert.deepEqual(
      decideUnusedApprovals(
        new Map([
          ['greet', 'requested'],
          ['gret', 'requested'],
        ]),
        ['greet'],
      ),
      ['gret'],
    );
    assert.deepEqual(decideUnusedApprovals('requested', []), []);
  });
});
