// The lock as a file that is committed: strict to read, always written the same. Must never take what was edited past the commands.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digestOf, formatLock, type LockEntry, makeLockForm, type SelfDescription } from '../../src/approvals/lock.ts';
import { realCatalog } from '../packages/real-catalog.ts';

const form = makeLockForm(realCatalog);
const self: SelfDescription = {
  version: '1.2.0',
  artifact: 'a'.repeat(64),
  kind: 'endpoint',
  express: 4,
  asked: { capabilities: { env: { keys: ['A'] } }, limits: { cpuMs: 100 } },
};
const entry: LockEntry = {
  ...self,
  digest: digestOf(self),
  approved: { capabilities: { env: { keys: ['A'] } }, limits: { cpuMs: 100 } },
  by: 'ada',
  at: '2026-01-02T03:04:05.678Z',
};
const textOf = (entries: Readonly<Record<string, unknown>>): string => JSON.stringify({ lockVersion: 1, extensions: entries });

test('what is written is read as it was', () => {
  const lock = new Map([['greet', entry]]);
  assert.deepEqual(form.parse(formatLock(lock), 'lock'), lock);
});

test('the same approvals give the same text, whatever order they came in', () => {
  const turned = { ...entry, asked: { limits: { cpuMs: 100 }, capabilities: { env: { keys: ['A'] } } } };
  const one = formatLock(
    new Map([
      ['a', entry],
      ['b', turned],
    ]),
  );
  const other = formatLock(
    new Map([
      ['b', entry],
      ['a', turned],
    ]),
  );
  assert.equal(one, other);
  assert.ok(one.endsWith('\n'));
});

describe('is refused', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['no JSON', 'nonsense', ''],
    ['an empty object', '{}', ''],
    ['another version of the form', JSON.stringify({ lockVersion: 2, extensions: {} }), '/lockVersion'],
    ['an unknown key', textOf({ greet: { ...entry, trusted: true } }), '/extensions/greet'],
    ['an id that is none', textOf({ '../greet': entry }), '/extensions'],
    ['one id twice, by case', textOf({ greet: entry, Greet: entry }), '/extensions'],
    ['a key that stands there twice', '{"lockVersion":1,"lockVersion":1,"extensions":{}}', ''],
    ['a digest that is none', textOf({ greet: { ...entry, artifact: 'x' } }), '/extensions/greet/artifact'],
    ['a script edited by hand', textOf({ greet: { ...entry, artifact: 'b'.repeat(64) } }), '/extensions/greet'],
    [
      'wishes edited by hand',
      textOf({ greet: { ...entry, asked: { capabilities: { env: { keys: ['A', 'SECRET'] } } } } }),
      '/extensions/greet',
    ],
    ['a manifest taken away by hand', textOf({ greet: { ...entry, asked: null } }), '/extensions/greet'],
    [
      'a capability approved that was never asked',
      textOf({ greet: { ...entry, approved: { capabilities: { headers: { names: [] } } } } }),
      '/extensions/greet/approved/capabilities/headers',
    ],
    [
      'a grant that does not fit',
      textOf({ greet: { ...entry, approved: { capabilities: { env: { keys: 'A' } } } } }),
      '/extensions/greet/approved/capabilities/env/keys',
    ],
    [
      '"requested", which spells nothing out',
      textOf({ greet: { ...entry, approved: { capabilities: 'requested' } } }),
      '/extensions/greet/approved/capabilities',
    ],
    ['nobody who approved', textOf({ greet: { ...entry, by: '' } }), '/extensions/greet/by'],
    ['a name with a line break', textOf({ greet: { ...entry, by: 'ada\nbob' } }), '/extensions/greet/by'],
    ['a time that is none', textOf({ greet: { ...entry, at: 'yesterday' } }), '/extensions/greet/at'],
  ];
  for (const [name, text, pointer] of rows)
    test(name, () =>
      assert.throws(
        () => form.parse(text, 'lock'),
        (error: unknown) => {
          const { code, details } = error as { readonly code: string; readonly details: { readonly pointer: string } };
          assert.deepEqual([code, details.pointer.startsWith(pointer)], ['ERR_LOCK_INVALID', true], details.pointer);
          return true;
        },
      ),
    );
});
