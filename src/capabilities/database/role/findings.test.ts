// What the role could do through PUBLIC, and which of the database's own functions could stand behind an admitted name. Must never mend what it finds.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { codeOf } from '../../../../test/helpers/database-checks.ts';
import { type DatabaseHarness, type OpenedExtension, openDatabaseHarness } from '../../../../test/helpers/database-harness.ts';
import { roleGrant, roleSql } from '../../../../test/helpers/database-role-fixture.ts';
import type { Finding } from './findings.ts';

let harness: DatabaseHarness;
let extension: OpenedExtension;
before(async () => {
  harness = await openDatabaseHarness(roleSql);
  extension = await harness.open(roleGrant);
});
after(() => harness.close());

describe('what PUBLIC can do', () => {
  const findings: Finding[] = [];
  test('is found where it reaches data or resources beyond the grant', async () => {
    const open = await openDatabaseHarness(
      `create table world (id int); grant select, delete on world to public; create table half (a int, b int); grant select (a) on half to public;
       create function world_definer() returns int language sql security definer as $$ select 1 $$; grant create on schema public to public;`,
      { onFinding: (finding) => findings.push(finding) },
    );
    findings.length = 0;
    await open.open({ tables: {} });
    await open.close();
    assert.deepEqual(findings.map(({ severity, what }) => `${severity}: ${what}`).toSorted(), [
      'data: PUBLIC holds DELETE on the table world',
      'data: PUBLIC holds SELECT on the table half',
      'data: PUBLIC holds SELECT on the table world',
      'data: PUBLIC may execute public.world_definer(), which runs as its owner',
      'use: PUBLIC may create objects in the schema public',
      'use: PUBLIC may create temporary tables in this database',
    ]);
  });
});

describe('functions of the database’s own', () => {
  test('are not called by the notation of a column', async () => {
    // The hole is there: without the check the server runs the function, as its owner.
    assert.deepEqual((await harness.admin.query('select a.computed from articles a limit 1')).rows, [{ computed: 'canary' }]);
    assert.equal(await codeOf(extension.query('select a.computed from articles a')), 'ERR_CAPABILITY_DENIED');
    assert.equal(await codeOf(extension.query('select a.row_to_json, a.pg_typeof from articles a')), 'ERR_CAPABILITY_DENIED');
    assert.equal(await codeOf(extension.query('select a.title from articles a')), 'done');
  });
  test('do not take the place of a safe one', async () => {
    assert.deepEqual((await harness.admin.query('select lower(1)')).rows, [{ lower: 'canary' }]);
    assert.equal(await codeOf(extension.query('select lower(1)')), 'ERR_CAPABILITY_DENIED');
    assert.equal(await codeOf(extension.query("select pg_catalog.lower('A')")), 'done');
  });
  test('are called where the grant names them', async () => {
    const granted = await harness.open({ ...roleGrant, functions: ['computed'] }, { id: 'computed' });
    assert.deepEqual((await granted.query('select a.computed, computed(a) from articles a limit 1')).rows, [['canary', 'canary']]);
  });
});
