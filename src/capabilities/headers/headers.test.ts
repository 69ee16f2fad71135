// headers: which names pass, and that every grant has to list them. Must never rely on the HTTP side.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { headersBounds } from './bounds.ts';
import { type HeadersGrant, headersGrant } from './contract.ts';
import { headersCapability, headersUnder } from './host.ts';
import { makeHeadersPolicy } from './policy.ts';

const fitsGrant = new Ajv({ strict: true }).compile(headersGrant);
const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `x-${index}`);
const { names: most, nameChars } = headersBounds;

describe('the grant of headers', () => {
  const rows: readonly (readonly [string, unknown, boolean])[] = [
    ['some names', { names: ['authorization', 'x-hub-signature-256'] }, true],
    ['an empty list', { names: [] }, true],
    ['as many names as the limit', { names: names(most.value) }, true],
    ['one name more than the limit', { names: names(most.value + 1) }, false],
    ['a name as long as the limit', { names: ['x'.repeat(nameChars.value)] }, true],
    ['a name one longer than the limit', { names: ['x'.repeat(nameChars.value + 1)] }, false],
    ['capital letters', { names: ['Authorization'] }, false],
    ['a wildcard alone is a token, and no more than one', { names: ['x-*'] }, true],
    ['a space', { names: ['x y'] }, false],
    ['a framing header', { names: ['transfer-encoding'] }, false],
    ['a header of the proxy', { names: ['proxy-authorization'] }, false],
    ['no names', {}, false],
    ['an unknown key', { names: [], all: true }, false],
  ];
  for (const [name, grant, fits] of rows) test(`${name}: ${fits ? 'fits' : 'is refused'}`, () => assert.equal(fitsGrant(grant), fits));
});

describe('which headers pass', () => {
  const rows: readonly (readonly [string, readonly HeadersGrant[], readonly string[]])[] = [
    ['none without a grant', [], []],
    ['those of one grant', [{ names: ['a', 'b'] }], ['a', 'b']],
    ['only those that every grant lists', [{ names: ['a', 'b'] }, { names: ['b', 'c'] }, { names: ['b'] }], ['b']],
    ['none when one grant lists none', [{ names: ['a'] }, { names: [] }], []],
    ['a star lets through no other name', [{ names: ['x-*'] }, { names: ['x-a'] }], []],
  ];
  for (const [name, grants, passing] of rows) test(name, () => assert.deepEqual([...headersUnder(grants)], passing));
});

test('reserved names are names like others', () => {
  const policy = makeHeadersPolicy({ names: ['constructor'] });
  assert.equal(policy('read', { name: 'constructor' }).allow, true);
  assert.equal(policy('read', { name: 'hasownproperty' }).allow, false);
});

test('a guest can only tell that it looked at one', async () => {
  const instance = await headersCapability.open({ id: 'a', version: '1.0.0' }, [{ names: [] }], {});
  assert.deepEqual(Object.keys(headersCapability.contract.methods), ['read']);
  assert.deepEqual(instance.call('read', { name: 'a' }, undefined as never), { json: 'null' });
  assert.equal(makeHeadersPolicy({ names: ['a'] })('write', { name: 'a' }).allow, false);
});
