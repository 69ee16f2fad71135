// What may become of a deployment, and what may not. Pure: no store, no host.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CloisterError, ErrorCode } from '../../src/errors.ts';
import { registryBounds } from '../../src/registry/bounds.ts';
import {
  type DeployChange,
  decideDeploy,
  decideDisable,
  decideEnable,
  decidePromote,
  decideReturn,
  decideRollback,
} from '../../src/registry/decide.ts';
import type { Deployment, RegistryState, Release } from '../../src/registry/state.ts';

const change = { by: 'operator', at: '2030-01-01T00:00:00.000Z' };
const empty: RegistryState = { revision: 0, deployments: new Map() };
const release = (letter: string, extension = 'shop', mounts?: readonly string[]): Release => ({
  ...(mounts === undefined ? {} : { mounts }),
  extension,
  version: '1.0.0',
  digest: letter.repeat(64),
  artifact: 'f'.repeat(64),
  bytes: 1,
  at: change.at,
  by: change.by,
  signedBy: null,
});
const a = 'a'.repeat(64);
const b = 'b'.repeat(64);
const c = 'c'.repeat(64);

type Step = (state: RegistryState) => RegistryState;
const deploy =
  (letter: string, more: Partial<DeployChange> = {}, extension = 'shop'): Step =>
  (state) =>
    decideDeploy(state, release(letter, extension), { ...change, ...more });
/** With what its trial saw. */
const mounting =
  (letter: string, extension: string, mounts: readonly string[], more: Partial<DeployChange> = {}): Step =>
  (state) =>
    decideDeploy(state, release(letter, extension, mounts), { ...change, ...more });
const pay = mounting('d', 'payments', ['payments']);
const payOff: Step = (state) => decideDisable(state, 'payments', change);
const payOn: Step = (state) => decideEnable(state, 'payments', change);
const rollbackFrom =
  (digest: string): Step =>
  (state) =>
    decideRollback(state, 'shop', { ...change, digest });
const promote: Step = (state) => decidePromote(state, 'shop', change);
const giveBack: Step = (state) => decideReturn(state, 'shop', change);
const rollback: Step = (state) => decideRollback(state, 'shop', change);
const disable: Step = (state) => decideDisable(state, 'shop', change);
const enable: Step = (state) => decideEnable(state, 'shop', change);
const run = (...steps: readonly Step[]): RegistryState => steps.reduce((state, step) => step(state), empty);

type Expected = Partial<Omit<Deployment, 'canary'>> & { readonly canary?: string | null; readonly revision?: number };

const allowed: readonly (readonly [sentence: string, steps: readonly Step[], expected: Expected])[] = [
  [
    'the first version serves everybody at once',
    [deploy('a')],
    { current: a, previous: [], canary: null, enabled: true, tenants: null, revision: 1 },
  ],
  ['the next one keeps the one before it for a rollback', [deploy('a'), deploy('b')], { current: b, previous: [a], revision: 2 }],
  ['a version that comes back stands once among those before', [deploy('a'), deploy('b'), deploy('a')], { current: a, previous: [b] }],
  ['the very same deployed twice changes nothing', [deploy('a'), deploy('a')], { current: a, previous: [], revision: 1 }],
  ['tenants are kept by a deploy that does not speak of them', [deploy('a', { tenants: ['x'] }), deploy('b')], { tenants: ['x'] }],
  [
    'tenants change by a deploy of the same version',
    [deploy('a', { tenants: ['x'] }), deploy('a', { tenants: null })],
    { tenants: null, revision: 2 },
  ],
  ['a canary stands beside what serves', [deploy('a'), deploy('b', { canaryShare: 0.1 })], { current: a, previous: [], canary: b }],
  [
    'another canary takes its place',
    [deploy('a'), deploy('b', { canaryShare: 0.1 }), deploy('c', { canaryShare: 0.5 })],
    { current: a, canary: c },
  ],
  [
    'a canary that is promoted takes everything',
    [deploy('a'), deploy('b', { canaryShare: 0.1 }), promote],
    { current: b, previous: [a], canary: null },
  ],
  [
    'a canary that is taken back leaves what served',
    [deploy('a'), deploy('b', { canaryShare: 0.1 }), giveBack],
    { current: a, previous: [], canary: null },
  ],
  ['a deploy ends the canary', [deploy('a'), deploy('b', { canaryShare: 0.1 }), deploy('c')], { current: c, previous: [a], canary: null }],
  [
    'what serves deployed again ends the canary',
    [deploy('a'), deploy('b', { canaryShare: 0.1 }), deploy('a')],
    { current: a, previous: [], canary: null },
  ],
  ['a rollback goes to the version before', [deploy('a'), deploy('b'), deploy('c'), rollback], { current: b, previous: [a] }],
  ['two rollbacks go two versions back', [deploy('a'), deploy('b'), deploy('c'), rollback, rollback], { current: a, previous: [] }],
  [
    'a rollback takes a canary back first',
    [deploy('a'), deploy('b'), deploy('c', { canaryShare: 0.1 }), rollback],
    { current: b, previous: [a], canary: null },
  ],
  ['what is disabled stays so over a deploy', [deploy('a'), disable, deploy('b')], { current: b, enabled: false }],
  ['what is enabled again serves as before', [deploy('a'), disable, enable], { current: a, enabled: true, revision: 3 }],
  ['a disable ends the canary', [deploy('a'), deploy('b', { canaryShare: 0.1 }), disable], { current: a, canary: null, enabled: false }],
  [
    'a mount is free once whose it is was disabled',
    [pay, mounting('a', 'shop', ['shop']), payOff, mounting('b', 'shop', ['payments'])],
    { current: b },
  ],
  [
    'a mount moves from one version to the next',
    [mounting('a', 'shop', ['shop']), mounting('b', 'shop', ['shop', 'more'])],
    { current: b },
  ],
  ['a version whose trial told nothing is in nobody’s way', [pay, deploy('a')], { current: a }],
  [
    'mounts are kept of the versions that it names',
    [mounting('a', 'shop', ['x']), mounting('b', 'shop', ['y'])],
    { mounts: { [a]: ['x'], [b]: ['y'] } },
  ],
  [
    'the very same deployed again tells its mounts where nobody knew them',
    [deploy('a'), mounting('a', 'shop', ['shop'])],
    { mounts: { [a]: ['shop'] }, previous: [], revision: 2 },
  ],
  ['a rollback of what serves goes back', [deploy('a'), deploy('b'), rollbackFrom(b)], { current: a }],
  [
    'a rollback of the canary takes it back',
    [deploy('a'), deploy('b', { canaryShare: 0.1 }), rollbackFrom(b)],
    { current: a, canary: null },
  ],
  ['a disable of what is disabled changes nothing', [deploy('a'), disable, disable], { revision: 2 }],
];

const refused: readonly (readonly [sentence: string, code: ErrorCode, steps: readonly Step[]])[] = [
  ['a first version is no canary', 'ERR_CANARY_INVALID', [deploy('a', { canaryShare: 0.1 })]],
  ['what serves is no canary of itself', 'ERR_CANARY_INVALID', [deploy('a'), deploy('a', { canaryShare: 0.1 })]],
  ['a canary of nothing is none', 'ERR_CANARY_INVALID', [deploy('a'), deploy('b', { canaryShare: 0 })]],
  ['a canary of everything is none', 'ERR_CANARY_INVALID', [deploy('a'), deploy('b', { canaryShare: 1 })]],
  ['a share that is no number is none', 'ERR_CANARY_INVALID', [deploy('a'), deploy('b', { canaryShare: Number.NaN })]],
  ['a canary of what is disabled is refused', 'ERR_CANARY_INVALID', [deploy('a'), disable, deploy('b', { canaryShare: 0.1 })]],
  ['a canary has no tenants of its own', 'ERR_CANARY_INVALID', [deploy('a'), deploy('b', { canaryShare: 0.1, tenants: ['x'] })]],
  ['nothing is promoted without a canary', 'ERR_CANARY_MISSING', [deploy('a'), promote]],
  ['nothing is taken back without a canary', 'ERR_CANARY_MISSING', [deploy('a'), giveBack]],
  [
    'a canary that is another by now is left alone',
    'ERR_CANARY_MISSING',
    [deploy('a'), deploy('b', { canaryShare: 0.1 }), (state) => decideReturn(state, 'shop', { ...change, digest: c })],
  ],
  ['the first version has none before it', 'ERR_PREVIOUS_MISSING', [deploy('a'), rollback]],
  ['what is not deployed is not rolled back', 'ERR_DEPLOYMENT_UNKNOWN', [rollback]],
  ['what is not deployed is not enabled', 'ERR_DEPLOYMENT_UNKNOWN', [enable]],
  ['what is not deployed is not disabled', 'ERR_DEPLOYMENT_UNKNOWN', [disable]],
  ['another’s mount is not taken by a deploy', 'ERR_EXTENSION_CONFLICT', [pay, mounting('a', 'shop', ['payments'])]],
  ['nor in other letters', 'ERR_EXTENSION_CONFLICT', [pay, mounting('a', 'shop', ['shop', 'PayMents'])]],
  ['nor by a canary', 'ERR_EXTENSION_CONFLICT', [pay, deploy('a'), mounting('b', 'shop', ['payments'], { canaryShare: 0.1 })]],
  [
    'nor from a canary',
    'ERR_EXTENSION_CONFLICT',
    [mounting('a', 'shop', ['shop']), mounting('b', 'shop', ['payments'], { canaryShare: 0.1 }), pay],
  ],
  ['nor by a rollback', 'ERR_EXTENSION_CONFLICT', [mounting('a', 'shop', ['payments']), mounting('b', 'shop', ['shop']), pay, rollback]],
  [
    'nor by a promotion',
    'ERR_EXTENSION_CONFLICT',
    [
      pay,
      payOff,
      deploy('a'),
      mounting('b', 'shop', ['payments'], { canaryShare: 0.1 }),
      (state) =>
        decidePromote(
          { ...state, deployments: new Map([...state.deployments].map(([id, one]) => [id, { ...one, enabled: true }])) },
          'shop',
          change,
        ),
    ],
  ],
  ['nor by who is enabled again', 'ERR_EXTENSION_CONFLICT', [pay, payOff, mounting('a', 'shop', ['payments']), payOn]],
  [
    'the same rollback twice goes back once',
    'ERR_DEPLOYMENT_CHANGED',
    [deploy('a'), deploy('b'), deploy('c'), rollbackFrom(c), rollbackFrom(c)],
  ],
  [
    'a rollback does not take a canary that came meanwhile',
    'ERR_DEPLOYMENT_CHANGED',
    [deploy('a'), deploy('b'), deploy('c', { canaryShare: 0.1 }), rollbackFrom(b)],
  ],
  ['two ids that differ in case alone are one', 'ERR_EXTENSION_CONFLICT', [deploy('a'), deploy('b', {}, 'Shop')]],
];

describe('a deployment', () => {
  for (const [sentence, steps, { canary, revision, ...expected }] of allowed) {
    test(sentence, () => {
      const state = run(...steps);
      const found = state.deployments.get('shop');
      assert.ok(found);
      for (const [name, value] of Object.entries(expected)) assert.deepEqual(found[name as keyof Deployment], value, name);
      if (canary !== undefined) assert.equal(found.canary?.digest ?? null, canary);
      if (revision !== undefined) assert.equal(state.revision, revision);
    });
  }
  for (const [sentence, code, steps] of refused) {
    test(sentence, () => {
      const before = run(...steps.slice(0, -1));
      assert.throws(
        () => steps.at(-1)?.(before),
        (error: CloisterError) => error.code === code,
      );
    });
  }
  test('keeps no more versions to go back to than its bound', () => {
    const letters = '0123456789abcdef'.slice(0, registryBounds.previous.value + 3);
    const found = run(...[...letters].map((letter) => deploy(letter))).deployments.get('shop');
    assert.equal(found?.previous.length, registryBounds.previous.value);
    assert.equal(found?.previous[0], letters.at(-2)?.repeat(64));
  });
});
