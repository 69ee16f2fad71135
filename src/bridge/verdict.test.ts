// Every grant must allow: one that denies is enough, wherever it stands, and no grants allow nothing.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Policy } from './capability.ts';
import { judge } from './verdict.ts';

const allows: Policy = () => ({ allow: true, rule: 'allows' });
const denies: Policy = () => ({ allow: false, rule: 'denies', reason: 'no' });
const rows: readonly (readonly [string, readonly Policy[], 'allow' | 'deny'])[] = [
  ['all three allow', [allows, allows, allows], 'allow'],
  ['what was asked does not cover it', [denies, allows, allows], 'deny'],
  ['what was approved does not', [allows, denies, allows], 'deny'],
  ['the ceiling does not', [allows, allows, denies], 'deny'],
  ['none covers it', [denies, denies, denies], 'deny'],
  ['there is no grant', [], 'deny'],
];

describe('a call is judged by all grants', () => {
  for (const [name, policies, expected] of rows)
    test(`${name}: ${expected}`, () => assert.equal(judge({ policies, reported: [] }, 'm', {}).decision, expected));
});
