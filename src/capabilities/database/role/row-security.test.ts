// What switching row security on leaves to others, what a changed grant leaves behind, and which grants it could not hold. Must never leave another role with less than it had.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { codeOf } from '../../../../test/helpers/database-checks.ts';
import { type DatabaseHarness, openDatabaseHarness } from '../../../../test/helpers/database-harness.ts';
import { callerOf } from '../../../../test/helpers/database-rows-fixture.ts';
import type { DatabaseGrant } from '../contract.ts';
import type { Finding } from './findings.ts';

const setUp = `
  create table notes (id int primary key, tenant_id text, body text, doc json);
  create table guarded (id int primary key, tenant_id text); alter table guarded enable row level security;
  create policy theirs on guarded for select to public using (id < 10);
  create table closed (id int primary key, tenant_id text); alter table closed enable row level security;
  create table dormant (id int primary key, tenant_id text); create policy sleeps on dormant as restrictive using (false);
  create table whole (id int, tenant_id text) partition by list (tenant_id); create table whole_a partition of whole for values in ('a');
  create table child () inherits (notes);
  create view owners as select id, tenant_id from notes; create view above as select id from owners;
  create view invoked with (security_invoker = true) as select id, tenant_id from notes;
  create materialized view copied as select * from notes;
  create function peek() returns text language sql security definer as $$ select body from notes limit 1 $$; revoke execute on function peek() from public;
  insert into notes values (1, 'a', 'one'), (2, 'b', 'canary'); insert into guarded values (1, 'a'), (2, 'b'), (11, 'a');
`;
const ofTenant = { tenant_id: { _eq: '$tenant' } } as const;
const ruled = { notes: { rows: ofTenant, read: true, update: true } } as const;

let harness: DatabaseHarness;
const findings: Finding[] = [];
before(async () => {
  harness = await openDatabaseHarness(setUp, { onFinding: (finding) => findings.push(finding) });
});
after(() => harness.close());

const policies = async (table = 'notes'): Promise<readonly string[]> =>
  (
    await harness.admin.query<{ readonly what: string }>(
      `select case when polname like 'cloister\\_%\\_%' then 'own ' || substring(polname from '[a-z]+$') else polname end what from pg_policy where polrelid = $1::regclass order by polname = 'cloister_open', 1`,
      [table],
    )
  ).rows.map(({ what }) => what);
const rowSecurity = async (table = 'notes'): Promise<boolean> =>
  (await harness.admin.query<{ readonly on: boolean }>('select relrowsecurity "on" from pg_class where oid = $1::regclass', [table]))
    .rows[0]?.on === true;
const openOnce = async (grant: DatabaseGrant, id = 'test'): Promise<void> => (await harness.open(grant, { id })).instance.close();

describe('a grant that changes', () => {
  test('makes one policy for each operation with a rule, and one that lets everybody else through', async () => {
    await openOnce({ tables: ruled });
    assert.deepEqual(await policies(), ['own read', 'own update', 'cloister_open']);
    assert.equal(await rowSecurity(), true);
  });
  test('changes nothing when it is opened again', async () => {
    const oids = async (): Promise<unknown> => (await harness.admin.query('select oid, xmin::text from pg_policy order by oid')).rows;
    const before = await oids();
    await openOnce({ tables: ruled });
    assert.deepEqual(await oids(), before);
  });
  test('takes a policy along that is wanted no more, and changes one that says something else', async () => {
    await openOnce({ tables: { notes: { read: { rows: { id: { _lt: 5 } } } } } });
    assert.deepEqual(await policies(), ['own read', 'cloister_open']);
    const { rows } = await harness.admin.query<{ readonly qual: string }>("select qual from pg_policies where policyname like '%\\_read'");
    assert.deepEqual(rows, [{ qual: '(id < 5)' }]);
  });
  test('mends a policy that somebody changed behind it, or a switch that was turned', async () => {
    const { rows } = await harness.admin.query<{ readonly name: string }>(
      'select policyname "name" from pg_policies where policyname like \'%\\_read\'',
    );
    await harness.admin.query(`alter policy ${rows[0]?.name ?? ''} on notes using (true); alter table notes disable row level security`);
    await openOnce({ tables: { notes: { read: { rows: { id: { _lt: 5 } } } } } });
    assert.equal((await harness.admin.query("select from pg_policies where qual = '(id < 5)'")).rowCount, 1);
    assert.equal(await rowSecurity(), true);
  });
  test('leaves the other extension’s rules alone, and row security on while there is one', async () => {
    await openOnce({ tables: ruled }, 'second');
    await openOnce({ tables: { notes: { read: true } } });
    assert.deepEqual(await policies(), ['own read', 'own update', 'cloister_open']);
    assert.equal(await rowSecurity(), true);
    assert.deepEqual((await (await harness.open({ tables: { notes: { read: true } } })).query('select count(*) from notes')).rows, [['2']]);
  });
  test('switches row security off with the last of them, also when the table is granted no more', async () => {
    await openOnce({ tables: {} }, 'second');
    assert.deepEqual(await policies(), []);
    assert.equal(await rowSecurity(), false);
  });
});

describe('other people on the same table', () => {
  let name: string;
  before(async () => {
    name = `reader_${harness.resource.database}`;
    await harness.admin.query(`create role ${name}; grant select, insert on notes, guarded to ${name}`);
  });
  after(() => harness.admin.query(`drop owned by ${name}; drop role ${name}`));
  const rowsOf = async (table: string): Promise<unknown> => {
    await harness.admin.query(`begin; set local role ${name}`);
    try {
      return (await harness.admin.query(`select count(*)::int n from ${table}`)).rows[0];
    } finally {
      await harness.admin.query('rollback');
    }
  };
  test('have what they had when it is switched on for our sake', async () => {
    await openOnce({ tables: ruled });
    assert.equal(await rowSecurity(), true);
    assert.deepEqual(await rowsOf('notes'), { n: 2 });
  });
  test('have what they had where it was on, and their policies hold for the extension too', async () => {
    const opened = await harness.open({ tables: { guarded: { rows: ofTenant, read: true } } }, { id: 'beside' });
    assert.deepEqual(await policies('guarded'), ['own read', 'theirs']);
    assert.deepEqual(await rowsOf('guarded'), { n: 2 });
    assert.deepEqual((await opened.queryUnadmitted('select id from guarded', [], callerOf('a'))).rows, [['1']]);
    await openOnce({ tables: {} }, 'beside');
    assert.deepEqual([await policies('guarded'), await rowSecurity('guarded')], [['theirs'], true]);
  });
  test('where no policy of theirs lets the role in, it is closed, and that is said', async () => {
    const opened = await harness.open({ tables: { closed: { rows: ofTenant, read: true } } }, { id: 'shut' });
    assert.deepEqual((await opened.queryUnadmitted('select id from closed', [], callerOf('a'))).rows, []);
    assert.equal(
      findings.filter(({ severity, what }) => severity === 'closed' && what.includes('closed has no permissive policy')).length,
      1,
    );
  });
});

describe('a grant whose rows could not be held is refused', () => {
  const rows: readonly (readonly [name: string, grant: DatabaseGrant, remedy: RegExp])[] = [
    ['an owner’s view on a ruled table', { tables: { ...ruled, owners: { read: true } } }, /security_invoker = true/],
    ['a view on such a view', { tables: { ...ruled, above: { read: true } } }, /security_invoker = true/],
    ['a materialized view of it', { tables: { ...ruled, copied: { read: true } } }, /take it out/],
    ['a rule on a view', { tables: { invoked: { rows: ofTenant, read: true } } }, /with the rules on the tables/],
    ['a SECURITY DEFINER function', { tables: ruled, functions: ['peek'] }, /SECURITY INVOKER/],
    [
      'a partition without the rule of the whole',
      { tables: { whole: { rows: ofTenant, read: true }, whole_a: { read: true } } },
      /the same rules/,
    ],
    ['a child without the rule of its parent', { tables: { ...ruled, child: { read: true } } }, /the same rules/],
    ['a table with policies that sleep', { tables: { dormant: { rows: ofTenant, read: true } } }, /ENABLE ROW LEVEL SECURITY/],
    ['a column that does not exist', { tables: { notes: { read: { columns: ['id', 'nothing'] } } } }, /take it out/],
    ['a rule on a column that does not exist', { tables: { notes: { rows: { nothing: { _eq: 1 } }, read: true } } }, /take it out/],
    [
      'a value that is none of its column’s type',
      { tables: { notes: { rows: { id: { _eq: 'one' } }, read: true } } },
      /correct its row rules/,
    ],
    ['a type that cannot be compared', { tables: { notes: { rows: { doc: { _eq: 'x' } }, read: true } } }, /correct its row rules/],
  ];
  for (const [name, grant, remedy] of rows)
    test(name, async () => assert.rejects(harness.open(grant, { id: 'holed' }), { code: 'ERR_DATABASE_UNSAFE', message: remedy }));
  test('a SECURITY DEFINER function that PUBLIC may execute', async () => {
    await harness.admin.query('grant execute on function peek() to public');
    assert.equal(await codeOf(harness.open({ tables: ruled }, { id: 'holed' })), 'ERR_DATABASE_UNSAFE');
    assert.equal(await codeOf(openOnce({ tables: { notes: { read: true } } }, 'holed')), 'done');
    await harness.admin.query('revoke execute on function peek() from public');
  });
  test('an owner’s view that PUBLIC may read', async () => {
    await harness.admin.query('grant select on owners to public');
    assert.equal(await codeOf(harness.open({ tables: ruled }, { id: 'holed' })), 'ERR_DATABASE_UNSAFE');
    await harness.admin.query('revoke select on owners from public');
  });
  test('but not a view with the caller’s rights, nor the same without row rules', async () => {
    assert.equal(await codeOf(openOnce({ tables: { ...ruled, invoked: { read: true } } }, 'holed')), 'done');
    assert.equal(
      await codeOf(openOnce({ tables: { notes: { read: true }, owners: { read: true } }, functions: ['peek'] }, 'holed')),
      'done',
    );
  });
});

describe('tables of its own', () => {
  const grant: DatabaseGrant = { tables: { notes: { read: true } }, ddl: true };
  test('an extension with ddl makes in its own schema, and nowhere else', async () => {
    const opened = await harness.open(grant, { id: 'builder' });
    const run = (sql: string): Promise<string> => codeOf(opened.queryUnadmitted(sql));
    assert.equal(await run('create table ext_builder.things (id int primary key)'), 'done');
    assert.equal(await run('insert into ext_builder.things values (1)'), 'done');
    assert.equal(await run('alter table ext_builder.things add a text'), 'done');
    for (const sql of [
      'create table public.x (a int)',
      'create schema ext_more',
      'drop schema ext_builder cascade',
      'alter schema ext_builder rename to x',
      'alter table notes add x int',
      'create index on notes (id)',
      'alter table ext_builder.things set schema public',
      'create table ext_builder.spy () inherits (notes)',
      'create table ext_builder.fk (id int references notes)',
    ])
      assert.equal(await run(sql), '42501', sql);
    await opened.instance.close();
  });
  test('has them when it is opened again, and not without ddl', async () => {
    const again = await harness.open(grant, { id: 'builder' });
    assert.deepEqual((await again.queryUnadmitted('select id from ext_builder.things')).rows, [['1']]);
    await again.instance.close();
    const without = await harness.open({ tables: {} }, { id: 'builder' });
    assert.equal(await codeOf(without.queryUnadmitted('select id from ext_builder.things')), '42501');
    await without.instance.close();
    assert.equal(await codeOf(openOnce(grant, 'builder')), 'done');
  });
  test('is refused a schema that was there before it', async () => {
    await harness.admin.query('create schema ext_taken');
    assert.equal(await codeOf(harness.open(grant, { id: 'taken' })), 'ERR_DATABASE_UNSAFE');
  });
});
