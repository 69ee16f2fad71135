// What `cloister approve`, `diff`, `revoke` and `serve --lock` say of an operator's mistakes. Must never show a stack.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openWarmCommands } from '../helpers/commands.ts';
import { asking, type ConsentFixture, openConsentFixture, says } from '../helpers/consent.ts';

const warm = openWarmCommands();
let fixture: ConsentFixture;

before(async () => {
  fixture = await openConsentFixture();
  await fixture.write('greet', says('one'), asking('A'));
});
after(async () => {
  await warm.close();
  await fixture.close();
});

describe('what is refused with one line', () => {
  const rows: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['approve without an id', ['approve'], /usage: cloister approve ID/],
    ['an id that is not there', ['approve', 'nobody', 'packages'], /nobody: no package of this id is there/],
    ['revoke of what is not approved', ['revoke', 'nobody', 'packages'], /nobody: is not approved in/],
    ['no folder at all', ['diff', 'greet'], /name the folder of extensions/],
    ['grants that are not there', ['approve', 'greet', 'packages', '--grants', 'none.json'], /--grants none\.json: cannot be read/],
    [
      'a lock and an approval of everything',
      ['serve', 'packages', '--approve', 'requested', '--lock', 'cloister.lock.json'],
      /leave the one or the other out/,
    ],
    ['a lock that is not there', ['serve', 'packages', '--lock', 'none.json'], /none\.json: there is no such file/],
  ];
  for (const [name, args, says] of rows)
    test(name, async () => {
      const { code, err } = await warm.run(args, fixture.root);
      // Lines of the host's log, such as how wards are held back, are no refusals.
      const lines = err.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
      assert.deepEqual([code, says.test(err), lines.length], [2, true, 1], err);
    });
});
