// Whatever admission lets through, run as a superuser to whom the server refuses nothing: it shows nothing hidden and changes nothing of others. Must never be helped by the second wall.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloisterError } from '../../src/errors.ts';
import { attackedGrant, attackedSeed, attackedSql, attacker, canary, neighboursSql } from '../escape/database-fixture.ts';
import { openFirstWall } from '../helpers/database-first-wall.ts';
import { makeRandom, readSeed } from '../helpers/random.ts';
import { makeStatements } from './sql-grammar.ts';

const seconds = Number(process.env['CLOISTER_FUZZ_SECONDS'] ?? 4);

test(`statements of a grammar, for ${seconds} s`, { timeout: seconds * 1_000 + 60_000 }, async () => {
  const next = makeStatements(makeRandom(readSeed()));
  const wall = await openFirstWall(attackedSql, [attackedGrant]);
  const counts = { refused: 0, failed: 0, ran: 0, rows: 0 };
  try {
    await wall.client.query(attackedSeed);
    await wall.client.query("set statement_timeout = '300ms'");
    /** The attacker's own row may be gone; what of it is not his to change may not change. */
    const readAll = async (): Promise<readonly string[]> => (await wall.client.query(neighboursSql)).rows.map((row) => JSON.stringify(row));
    const whole = await readAll();
    const isUnchanged = async (sql: string): Promise<void> => {
      const now = await readAll();
      const news = now.filter((one) => !whole.includes(one));
      const gone = whole.filter((one) => !now.includes(one) && !one.startsWith('{"what":"own"'));
      assert.deepEqual([news, gone], [[], []], sql);
    };
    const until = performance.now() + seconds * 1_000;
    while (performance.now() < until) {
      const sql = next();
      await wall.client.query('begin');
      await wall.client.query('savepoint attack');
      try {
        const answer = await wall.run(sql, [], attacker);
        counts.ran += 1;
        counts.rows += answer.rows.length;
        assert.doesNotMatch(JSON.stringify(answer.rows), canary, sql);
        if (answer.command !== 'SELECT') await isUnchanged(sql);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        if (error instanceof CloisterError) counts.refused += 1;
        else {
          // The server's own refusal has a code; anything else is a fault of ours.
          assert.match(String((error as Readonly<Record<string, unknown>>)['code']), /^[0-9A-Z]{5}$/, `${sql}: ${String(error)}`);
          counts.failed += 1;
        }
        await wall.client.query('rollback to savepoint attack');
      } finally {
        await wall.client.query('rollback');
      }
    }
    await isUnchanged('after all');
  } finally {
    await wall.close();
  }
  console.log(JSON.stringify(counts));
  assert.ok(counts.ran > 20 && counts.rows > 20, 'too little comes through for this to say anything');
});
