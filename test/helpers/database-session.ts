// A connection of the role, entered for tenant a, and the ways to attack from it with admission left out. Must never look at what a test expects.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import { type DatabaseHarness, openDatabaseHarness } from './database-harness.ts';
import { callerOf, rowsGrant, rowsSql } from './database-rows-fixture.ts';
import { openStraight, type Straight, type StraightConnection } from './database-straight.ts';

/** What tenant a sees of notes. */
export const own = [['a one'], ['a two']];

export class Session {
  harness!: DatabaseHarness;
  connection!: StraightConnection;
  /** A large object of the administrator's. */
  letter = '';

  async titles(on: StraightConnection = this.connection): Promise<Straight['rows']> {
    return (await on.run('select title from public.notes order by id')).rows;
  }

  /** It fails, or it answers; either way nothing of the neighbour's is in it. */
  async stands(sql: string, bindings: readonly string[] = []): Promise<Straight> {
    const answer = await this.connection.run(sql, bindings);
    assert.doesNotMatch(answer.text, /canary/, sql);
    assert.doesNotMatch(answer.serverText, /canary (?:one|two|of)/, sql);
    return answer;
  }

  async refuses(sql: string, sqlState: string, bindings: readonly string[] = []): Promise<void> {
    assert.equal((await this.stands(sql, bindings)).refused, sqlState, sql);
  }
}

/** A fresh connection for each test of the file it is called in. */
export const useSession = (): Session => {
  const session = new Session();
  before(async () => {
    const harness = await openDatabaseHarness(rowsSql);
    session.harness = harness;
    await harness.open(rowsGrant);
    await harness.open({ tables: { secret: { read: true } } }, { id: 'other' });
    await harness.admin.query('analyze');
    const { rows } = await harness.admin.query<{ readonly oid: string }>("select lo_from_bytea(0, 'canary')::text oid");
    session.letter = rows[0]?.oid ?? '';
  });
  after(async () => {
    await session.harness.admin.query('select lo_unlink($1)', [session.letter]);
    await session.harness.close();
  });
  beforeEach(async () => {
    session.connection = await openStraight(session.harness, callerOf('a', 'ann'));
  });
  afterEach(() => session.connection.close());
  return session;
};
