// Approvals in a lock, through real hosts: what is approved runs, what changed waits, and the approved version goes on serving. Must never see a script run that nobody approved.
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { asking, type ConsentFixture, openConsentFixture, says } from '../helpers/consent.ts';
import type { TestRuntime } from '../helpers/runtime.ts';

let fixture: ConsentFixture;
let runtime: TestRuntime;

const broken = 'export default (((';
const failing = 'export default () => { throw new Error("broken"); };';
const keptOf = (artifact: string): string => join(fixture.root, '.cloister/artifacts', `${artifact}.js`);

/** Id → source and wishes of the version that is there now, after another one was approved. */
const upgrades: Readonly<Record<string, readonly [source: string, cloister: object]>> = {
  wider: [says('two'), asking('A', 'B')],
  code: [says('two'), asking('A')],
  narrower: [says('two'), asking()],
  broken: [broken, asking('A')],
  failing: [failing, asking('A')],
};

before(async () => {
  fixture = await openConsentFixture();
  const { write, writeFiles, withApprovals } = fixture;
  await write('same', says('one'));
  await write('less', says('one'), asking('A', 'B'));
  await write('revoked', says('one'));
  await write('unknown', says('one'));
  await write('edited', says('one'));
  await writeFiles('bare', { 'index.js': says('one') });
  for (const id of Object.keys(upgrades)) await write(id, says('one'));

  const artifacts = new Map<string, string>();
  await withApprovals(async (approvals) => {
    for (const id of ['same', 'revoked', 'edited', ...Object.keys(upgrades)]) await approvals.approve(id, { by: 'ada' });
    await approvals.approve('less', { by: 'ada', grants: { capabilities: { env: { keys: ['A'] } } } });
    await approvals.approve('bare', { by: 'ada', grants: { capabilities: { env: { keys: ['B'] } } } });
    await approvals.revoke('revoked', { by: 'bob' });
  });
  await fixture.edit('edited', (entry) => {
    entry.approved.capabilities['env'] = { keys: ['A', 'B'] };
  });

  for (const [id, [source, cloister]] of Object.entries(upgrades)) await write(id, source, cloister, '2.0.0');
  // Scripts are kept by what is in them, so these three need scripts of their own.
  await withApprovals(async (approvals) => {
    for (const id of ['changed', 'longer', 'gone']) {
      await write(id, says(`one of ${id}`));
      artifacts.set(id, (await approvals.approve(id, { by: 'ada' })).entry.artifact);
      await write(id, says('two'), asking('A', 'B'), '2.0.0');
    }
  });
  const [changed, longer, gone] = ['changed', 'longer', 'gone'].map((id) => keptOf(artifacts.get(id) ?? ''));
  await writeFile(changed ?? '', (await readFile(changed ?? '', 'utf8')).replace('one', 'two'));
  await writeFile(longer ?? '', `${await readFile(longer ?? '', 'utf8')}\n`);
  await rm(gone ?? '');
  runtime = await fixture.serve();
});
after(() => fixture.close());

const answerOf = async (id: string, from = runtime): Promise<unknown> => {
  // A connection that was kept while another host started may be gone by now.
  const reply = await from.get(`/${id}`, { connection: 'close' });
  return reply.status === 200 ? reply.json() : reply.status;
};
const refusalsOf = (id: string, from = runtime): readonly string[] =>
  from.runtime
    .refused()
    .filter(({ folder }) => folder.endsWith(`/${id}`))
    .map(({ error }) => error.code)
    .toSorted();
const told = ['found', 'approved', 'upgraded', 'parked', 'refused', 'loaded'].map((event) => `package.${event}`);
const eventsOf = (id: string, from = runtime): readonly string[] =>
  from
    .entries('life')
    .filter((one) => one.extension === id && told.includes(one.event))
    .map(({ event }) => event.slice('package.'.length));

describe('a package', () => {
  const rows: readonly (readonly [string, string, unknown, readonly string[], readonly string[]])[] = [
    ['that is approved runs', 'same', ['one', 'a', null], [], ['found', 'approved', 'loaded']],
    ['that is approved with less than it asks runs with less', 'less', ['one', 'a', null], [], ['found', 'approved', 'loaded']],
    ['without a manifest runs with what was approved', 'bare', ['one', null, 'b'], [], ['found', 'approved', 'loaded']],
    ['that nobody approved does not run', 'unknown', 404, ['ERR_APPROVAL_NEEDED'], ['found', 'parked']],
    ['of which approval was revoked does not run', 'revoked', 404, ['ERR_APPROVAL_NEEDED'], ['found', 'parked']],
    [
      'that wishes for more waits, and the approved version serves with its own rights',
      'wider',
      ['one', 'a', null],
      ['ERR_APPROVAL_NEEDED'],
      ['found', 'approved', 'parked', 'loaded'],
    ],
    [
      'with another script and the same wishes runs and says so',
      'code',
      ['two', 'a', null],
      [],
      ['found', 'approved', 'upgraded', 'loaded'],
    ],
    ['that wishes for less runs and says so', 'narrower', ['two', null, null], [], ['found', 'approved', 'upgraded', 'loaded']],
    [
      'that cannot be read any more leaves the approved version',
      'broken',
      ['one', 'a', null],
      ['ERR_PACKAGE_BUNDLE'],
      ['approved', 'loaded'],
    ],
    [
      'whose new script fails to register leaves the approved version',
      'failing',
      ['one', 'a', null],
      ['ERR_REGISTER_FAILED'],
      ['found', 'approved', 'upgraded', 'refused', 'loaded'],
    ],
    [
      'whose approval was edited to more than was asked has no more than was asked',
      'edited',
      ['one', 'a', null],
      [],
      ['found', 'approved', 'loaded'],
    ],
  ];
  for (const [name, id, answer, refused, events] of rows)
    test(name, async () => assert.deepEqual([await answerOf(id), refusalsOf(id), eventsOf(id)], [answer, refused, events]));

  test('that is parked: the ledger says from which version to which, and by whom the other was approved', () => {
    const of = (event: string) => runtime.entries('life').find((one) => one.event === event && one.extension === 'wider');
    assert.match(of('package.parked')?.reason ?? '', /^1\.0\.0 → 2\.0\.0: /);
    assert.match(of('package.approved')?.reason ?? '', /^version 1\.0\.0, by ada at /);
  });
  test('that is parked: requests are on the ledger with the artifact that was approved', async () => {
    const { end } = await runtime.measure('/wider');
    assert.deepEqual([end.version, end.artifact], ['1.0.0', JSON.parse(await readFile(fixture.lock, 'utf8')).extensions.wider.artifact]);
  });
});

describe('a kept script', () => {
  for (const [name, id] of [
    ['that was changed by a word', 'changed'],
    ['that has something after its end', 'longer'],
    ['that is gone', 'gone'],
  ] as const)
    test(`${name} is not run, and nothing in its place`, async () => {
      assert.deepEqual([await answerOf(id), refusalsOf(id)], [404, ['ERR_APPROVAL_NEEDED', 'ERR_ARTIFACT_INVALID']]);
    });
});

describe('hosts that see it otherwise', () => {
  test('with everyHash another script waits, whatever it wishes for', async () => {
    const strict = await fixture.serve({ lock: { file: fixture.lock, everyHash: true } });
    for (const id of ['code', 'narrower'])
      assert.deepEqual([await answerOf(id, strict), refusalsOf(id, strict)], [['one', 'a', null], ['ERR_APPROVAL_NEEDED']]);
    assert.deepEqual(await answerOf('same', strict), ['one', 'a', null]);
  });
  test('in audit, what has no approval is tried up to the ceiling; what is approved goes by its approval', async () => {
    const audit = await fixture.serve({ mode: 'audit', ceiling: { capabilities: { env: { keys: ['A', 'B'] } } } });
    assert.deepEqual(await answerOf('unknown', audit), ['one', 'a', 'b']);
    assert.deepEqual(refusalsOf('wider', audit), ['ERR_APPROVAL_NEEDED']);
  });
  test('an approval in the configuration stands beside the lock', async () => {
    const beside = await fixture.serve({ approvals: { unknown: 'requested' } });
    assert.deepEqual(
      [await answerOf('unknown', beside), await answerOf('same', beside)],
      [
        ['one', 'a', null],
        ['one', 'a', null],
      ],
    );
  });
  test('and after approving what waits, it runs', async () => {
    await fixture.withApprovals(async (approvals) => {
      for (const id of ['wider', 'changed']) await approvals.approve(id, { by: 'bob' });
    });
    const later = await fixture.serve();
    assert.deepEqual(
      [await answerOf('wider', later), await answerOf('changed', later)],
      [
        ['two', 'a', 'b'],
        ['two', 'a', 'b'],
      ],
    );
    assert.deepEqual(await answerOf('wider'), ['one', 'a', null], 'a host that runs goes on with what it started with');
  });
});
