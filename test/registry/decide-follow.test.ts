// Which state of a registry a host follows after the one it serves, and which it doubts. Pure: no store, no host.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Doubt, decideFollow, type Followed, followedOf } from '../../src/registry/decide-follow.ts';
import type { Deployment, RegistryState } from '../../src/registry/state.ts';

/** A state with one deployment, whose release tells one history from another. */
const at = (revision: number, letter = 'a'): RegistryState => {
  const shop: Deployment = {
    extension: 'shop',
    current: letter.repeat(64),
    previous: [],
    canary: null,
    enabled: true,
    tenants: null,
    changedAt: '2030-01-01T00:00:00.000Z',
    changedBy: 'operator',
    reason: 'deployed',
  };
  return { revision, deployments: new Map([['shop', shop]]) };
};
const nothing: RegistryState = { revision: 0, deployments: new Map() };
const serving = (revision: number, doubt: Doubt = 'none'): Followed => ({ ...followedOf(at(revision)), doubt });

const rows: readonly (readonly [sentence: string, state: RegistryState, served: Followed | null, doubt: Doubt])[] = [
  ['a host that starts takes what is there', at(3), null, 'none'],
  ['a host that starts takes nothing where nothing is', nothing, null, 'none'],
  ['a host that served an empty registry takes the first revision', at(1), followedOf(nothing), 'none'],
  ['the next revision is followed', at(4), serving(3), 'none'],
  ['a revision far ahead is followed', at(90), serving(3), 'none'],
  ['the same revision with the same deployments is followed', at(3), serving(3), 'none'],
  ['the same revision with other deployments went back', at(3, 'b'), serving(3), 'wentBack'],
  ['one revision less went back', at(2), serving(3), 'wentBack'],
  ['the first revision after many went back', at(1), serving(90), 'wentBack'],
  ['none after some is gone', nothing, serving(3), 'gone'],
  ['what was gone and is back as it was is followed', at(3), serving(3, 'gone'), 'none'],
  ['what was gone and is back further on is followed', at(4), serving(3, 'gone'), 'none'],
  ['what was gone and is back with less went back', at(2), serving(3, 'gone'), 'wentBack'],
  ['what went back and went on from there is not followed', at(4), serving(3, 'wentBack'), 'wentBack'],
  ['what went back and is gone still went back', nothing, serving(3, 'wentBack'), 'wentBack'],
  ['what went back and is put back as it was is followed', at(3), serving(3, 'wentBack'), 'none'],
];

describe('of a registry and a host', () => {
  for (const [sentence, state, served, doubt] of rows)
    test(sentence, () => {
      const strayed = decideFollow(state, served);
      assert.deepEqual([strayed?.doubt ?? 'none', strayed?.error.code ?? null], [doubt, doubt === 'none' ? null : 'ERR_REGISTRY_INVALID']);
    });
});
