// How many listeners a tenant may have, as the host counts them. Must never go by the guest's own count, which a hostile one leaves out.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { emitterContract } from '../capabilities/emitter/contract.ts';
import { makeEmitterPolicy } from '../capabilities/emitter/policy.ts';
import type { Extension } from '../dispatch/extension.ts';
import { CloisterError } from '../errors.ts';
import { type Limits, limitTable } from '../limits/table.ts';
import { ListenerFacts } from './facts.ts';

const limits = Object.fromEntries(Object.entries(limitTable).map(([name, row]) => [name, row.default])) as Limits;
const emitter = { contract: emitterContract, policies: [makeEmitterPolicy({ listen: ['**'] })], reported: [] };
const extension = { id: 'x', version: '1', limits, capabilities: new Map([['emitter', emitter]]) } as unknown as Extension;

const open = (): ListenerFacts => {
  const facts = new ListenerFacts(() => true);
  facts.registered(extension, 'default', [[1, 'filter', 'a']], () => undefined);
  return facts;
};
const isRefused = (code: string) => (error: unknown) => error instanceof CloisterError && error.code === code;

describe('a tenant that may have fewer listeners than the extension', () => {
  test('adds none beyond', () => {
    const facts = open();
    facts.add(extension, 'small', [2, 'filter', 'b'], 2);
    assert.throws(() => facts.add(extension, 'small', [3, 'filter', 'c'], 2), isRefused('ERR_CAPACITY_EXCEEDED'));
    facts.add(extension, 'large', [3, 'filter', 'c']);
  });
  test('registers none beyond', () => {
    const two = [
      [1, 'filter', 'a'],
      [2, 'filter', 'b'],
    ] as const;
    assert.throws(() => open().registered(extension, 'small', two, () => undefined, 1), isRefused('ERR_REGISTER_FAILED'));
    open().registered(extension, 'large', two, () => undefined);
  });
});
