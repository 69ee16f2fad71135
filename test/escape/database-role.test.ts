// The second wall by itself: every attack goes straight over a connection of the role, with admission left out. Must never let one wall cover for the other.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type DatabaseHarness, openDatabaseHarness } from '../helpers/database-harness.ts';
import { openStraight, type Straight } from '../helpers/database-straight.ts';
import { type Attack, refusedBy } from './attack.ts';
import { attacks } from './database-attacks.ts';
import { attackedGrant, attackedSeed, attackedSql, attacker, canary, neighboursSql } from './database-fixture.ts';

let harness: DatabaseHarness;
let untouched: unknown;
before(async () => {
  harness = await openDatabaseHarness(attackedSql);
  await harness.admin.query(attackedSeed);
  await harness.open(attackedGrant);
  untouched = (await harness.admin.query(neighboursSql)).rows;
});
after(() => harness.close());

/** By the server itself: no privilege, row security, no such thing, a broken protocol. Never a lost connection. */
const serverRefuses = /^(?:42|25|0A|22|23|08P01)/;

const check = ({ expects, only }: Attack, { refused, rows, rowCount, text }: Straight): void => {
  if (refused !== null) {
    assert.doesNotMatch(text, canary);
    return assert.match(refused, serverRefuses);
  }
  // To PostgreSQL it is everybody's right; it may succeed, and nothing of the neighbours' changes.
  if (only === 'admission') return;
  assert.doesNotMatch(text, canary);
  if (expects === 'own' || expects === 'holds') return;
  assert.notEqual(expects, 'refused', `it answered ${text}`);
  if (expects === 'empty') assert.deepEqual([rows, rowCount], [[], 0]);
  else assert.deepEqual(rows, expects);
};

describe('the role alone stands against', () => {
  for (const attack of attacks) {
    test(attack.name, async () => {
      await harness.admin.query(attackedSeed);
      const connection = await openStraight(harness, attacker);
      const answer = await connection.run(attack.sql, attack.bindings);
      await connection.close();
      check(attack, answer);
      assert.deepEqual((await harness.admin.query(neighboursSql)).rows, untouched);
    });
  }
  const count = refusedBy('role', attacks);
  const own = attacks.filter(({ only }) => only === undefined).length;
  test(`refuses ${String(count)} of ${String(own)} attacks, at least a hundred, and the others show nothing of others`, () =>
    assert.ok(count >= 100));
});
