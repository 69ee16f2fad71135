// Approvals in the database, for several hosts: read by hosts that make nothing, written by whoever approves. Must never run a script that was changed there.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { asking, type ConsentFixture, openConsentFixture, says } from '../helpers/consent.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';

let fixture: ConsentFixture;
before(async () => {
  fixture = await openConsentFixture();
  await fixture.write('greet', says('one'), asking('A', 'B'));
});
after(() => fixture.close());

describe('in the database', () => {
  let database: TestDatabase;
  before(async () => {
    database = await openTestDatabase();
  });
  after(() => database.close());
  const inTable = () => ({ lock: { table: true } as const, database: database.url });
  const entriesOf = async (sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };

  test('a host that reads it makes nothing', async () => {
    const runtime = await fixture.serve(inTable());
    assert.equal((await runtime.get('/greet')).status, 404);
    assert.deepEqual(await entriesOf("select to_regclass('cloister.approvals') as found"), [{ found: null }]);
  });
  test('what one host has approved, two hosts run; what then wishes for more waits on both, and the kept script serves', async () => {
    await fixture.withApprovals((approvals) => approvals.approve('greet', { by: 'ada' }), inTable());
    await fixture.write('greet', says('two'), asking('A', 'B', 'C'), '2.0.0');
    const hosts = [await fixture.serve(inTable()), await fixture.serve(inTable())];
    for (const host of hosts) {
      assert.deepEqual((await host.get('/greet')).json(), ['one', 'a', 'b']);
      assert.ok(host.runtime.refused().some(({ error }) => error.code === 'ERR_APPROVAL_NEEDED' && error.details['extension'] === 'greet'));
    }
    assert.deepEqual(await entriesOf('select extension, version, approved_by from cloister.approvals'), [
      { extension: 'greet', version: '1.0.0', approved_by: 'ada' },
    ]);
  });
  test('a kept script that was changed there is not run', async () => {
    await entriesOf("update cloister.artifacts set script = script || '\\x0a'");
    const host = await fixture.serve(inTable());
    assert.equal((await host.get('/greet')).status, 404);
    assert.ok(host.runtime.refused().some(({ error }) => error.code === 'ERR_ARTIFACT_INVALID'));
  });
  test('what the operator did is in the ledger’s table, in the chain operator', async () => {
    await fixture.withApprovals((approvals) => approvals.revoke('greet', { by: 'bob' }), inTable());
    const rows = await entriesOf("select line::json ->> 'event' as event from cloister.ledger where chain = 'operator' order by sequence");
    assert.deepEqual(rows, [{ event: 'operator.approve' }, { event: 'operator.revoke' }]);
    assert.deepEqual(await entriesOf('select extension from cloister.approvals'), []);
  });
});
