// Admission alone refuses every attack: its statements run as a superuser, to whom the server refuses nothing. Must never be helped by the second wall.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type FirstWall, openFirstWall } from '../helpers/database-first-wall.ts';
import { refusedBy } from './attack.ts';
import { attacks } from './database-attacks.ts';
import { attackedGrant, attackedSeed, attackedSql, attacker, canary, neighboursSql } from './database-fixture.ts';

let wall: FirstWall;
before(async () => {
  wall = await openFirstWall(attackedSql, [attackedGrant]);
  await wall.client.query(attackedSeed);
});
after(() => wall.close());

const neighbours = async (): Promise<readonly unknown[]> => (await wall.client.query(neighboursSql)).rows;

describe('admission alone', () => {
  for (const { name, sql, bindings = [], expects } of attacks) {
    test(name, async () => {
      await wall.client.query('begin');
      try {
        const earlier = await neighbours();
        await wall.client.query('savepoint attack');
        const outcome = await wall.run(sql, bindings, attacker).then(
          (answer) => ({ answer, error: undefined }),
          (error: Error) => ({ answer: undefined, error }),
        );
        if (outcome.error !== undefined) await wall.client.query('rollback to savepoint attack');
        assert.deepEqual(await neighbours(), earlier, 'what is others’ has changed');
        const { answer, error } = outcome;
        assert.doesNotMatch(JSON.stringify(answer?.rows ?? []), canary);
        if (expects === 'holds') return;
        if (expects === 'refused') return assert.ok(error !== undefined, JSON.stringify(answer));
        assert.equal(error, undefined, `${String(error?.message)}: ${wall.admission.find(sql, 'default')?.text ?? ''}`);
        if (expects === 'empty') assert.deepEqual([answer?.rows, answer?.rowCount], [[], 0]);
        else if (expects !== 'own') assert.deepEqual(answer?.rows, expects);
      } finally {
        await wall.client.query('rollback');
      }
    });
  }
  const count = refusedBy('admission', attacks);
  test(`refuses ${String(count)} of ${String(attacks.length)} attacks, at least a hundred, and the others show nothing of others`, () =>
    assert.ok(count >= 100));
});
