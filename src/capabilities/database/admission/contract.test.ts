// What the bridge is told of a statement: its effect, and what the ledger may keep. Must never touch a server.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Judge, openJudge } from '../../../../test/helpers/database-admission.ts';
import { makeDatabaseContract } from '../contract.ts';
import { makeNeverFunctions, makeSafeFunctions } from './safe-functions.ts';

let judge: Judge;
before(async () => {
  judge = await openJudge();
});

describe('the contract of query', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['a read', 'select * from articles', false],
    ['a read with safe functions', 'select count(*), now() from articles', false],
    ['a read with a granted function', 'select similarity(title, $1) from articles', true],
    ['an insert', 'insert into inbox (a) values ($1)', true],
    ['an update', 'update drafts set a = 1', true],
    ['a delete', 'delete from trash', true],
    ['a write inside a CTE', 'with x as (delete from trash) select 1', true],
    ['what does not parse', 'selec', true],
  ];
  for (const [name, sql, effect] of rows) {
    test(`${name} ${effect ? 'has' : 'has no'} effect`, () => {
      assert.equal(makeDatabaseContract(judge.analyse).methods['query']?.effect({ sql, bindings: [] }, 'default'), effect);
    });
  }
});

describe('the ledger is told of a statement', () => {
  const summarize = (sql: string): unknown =>
    makeDatabaseContract(judge.analyse).methods['query']?.summarize({ sql, bindings: ['secret value', 2] }, 'default');
  test('kind, tables and how many bindings', () =>
    assert.deepEqual(summarize('insert into articles (title) select name from authors where id = $1'), {
      statement: 'insert',
      tables: ['articles', 'authors'],
      bindings: 2,
      judged: true,
    }));
  test('nothing of its text or bindings where it is refused', () =>
    assert.deepEqual(summarize("drop table 'secret value'"), { statement: 'refused', bindings: 2 }));
});

test('no function is both safe and never', () => {
  const never = makeNeverFunctions();
  assert.deepEqual(
    [...makeSafeFunctions()].filter((name) => never.has(name)),
    [],
  );
});
