// What comes after a change was decided: what its answer says, whose a mount is, and what a host that is behind may do outside. No store, no host.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CloisterError } from '../../src/errors.ts';
import { mayRestore } from '../../src/installation/outside.ts';
import { sayChanged } from '../../src/registry/applied.ts';
import { decideDeploy } from '../../src/registry/decide.ts';
import { makeMountOwners } from '../../src/registry/mounts.ts';
import { makeRegistryForm } from '../../src/registry/state-form.ts';

const a = 'a'.repeat(64);
const b = 'b'.repeat(64);
const change = { by: 'operator', at: '2030-01-01T00:00:00.000Z' };
const release = { extension: 'shop', version: '1.0.0', digest: a, artifact: b, bytes: 1, ...change, signedBy: null, mounts: ['shop'] };
const state = decideDeploy({ revision: 0, deployments: new Map() }, release, change);

describe('a change that was made', () => {
  test('is answered as made where this host cannot look at it', async () => {
    const away = new CloisterError('ERR_REGISTRY_UNAVAILABLE', 'gone');
    const { revision, applied, notApplied } = await sayChanged('shop', state, () => Promise.reject(away));
    assert.deepEqual([revision, applied, notApplied?.code], [1, null, 'ERR_REGISTRY_UNAVAILABLE']);
  });
  test('says what this host serves of it', async () => {
    const { applied, notApplied } = await sayChanged('shop', state, () =>
      Promise.resolve([{ extension: 'shop', current: a, canary: null, failed: [] }]),
    );
    assert.deepEqual([applied, notApplied], [{ current: a, canary: null, failed: [] }, null]);
  });
  test('keeps what its trial saw in the text of a store', () => {
    const form = makeRegistryForm();
    assert.deepEqual(form.parseState(form.formatState(state), 'here'), state);
    assert.deepEqual(form.parseRelease(JSON.stringify(release), 'here'), release);
  });
});

describe('a mount that a host meets', () => {
  const ownerOf = makeMountOwners([
    { extension: 'widget', mounts: ['widget'] },
    { extension: 'payments', mounts: ['Payments'] },
  ]);
  const cases: readonly (readonly [sentence: string, extension: string, mount: string, owner: string | null])[] = [
    ['is its own where its trial saw it', 'payments', 'payments', null],
    ['is another’s where that one’s trial saw it', 'widget', 'PAYMENTS', 'payments'],
    ['is free where no trial saw it', 'widget', 'else', null],
  ];
  for (const [sentence, extension, mount, owner] of cases) test(sentence, () => assert.equal(ownerOf(extension, mount), owner));
});

describe('what grants hold outside', () => {
  const gone = (): Promise<never> => Promise.reject(new CloisterError('ERR_REGISTRY_UNAVAILABLE', 'gone'));
  const says = (digest: string | null | undefined) => (): Promise<string | null | undefined> => Promise.resolve(digest);
  const cases: readonly (readonly [string, string | null, () => Promise<string | null | undefined>, boolean, boolean])[] = [
    ['is made as it was while the registry wants that version', a, says(a), false, true],
    ['stays where the registry wants another by now', a, says(b), false, false],
    ['stays where it was taken out of the registry', a, says(null), false, false],
    ['stays where nobody can say what is wanted', a, gone, false, false],
    ['is made as it was after a trial nobody was told of', a, gone, true, true],
    ['stays after a trial during which another was deployed', a, says(b), true, false],
    ['is made as it was without a registry', a, says(undefined), false, true],
    ['is made as it was for what a folder holds', null, says(b), false, true],
  ];
  for (const [sentence, digest, wanted, isTrial, expected] of cases)
    test(sentence, async () => assert.equal(await mayRestore(digest, wanted, isTrial), expected));
});
