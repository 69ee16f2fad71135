// Approving and revoking as library calls: what is refused, what is kept on record, and who writes at the same time. Must never need a ward.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { formatLock } from '../../src/approvals/lock.ts';
import { showDiff } from '../../src/approvals/show-diff.ts';
import { verifyLedger } from '../../src/ledger/verify-ledger.ts';
import { asking, type ConsentFixture, openConsentFixture, says } from '../helpers/consent.ts';

let fixture: ConsentFixture;
const operatorFile = (): string => join(fixture.root, '.cloister/operator.ndjson');

before(async () => {
  fixture = await openConsentFixture();
  await fixture.write('greet', says('one'), asking('A', 'B'));
  await fixture.write('other', says('other'), { capabilities: { env: { keys: ['A'] } }, limits: { cpuMs: 100 } });
  await fixture.write('faulty', says('x'), { capabilities: { nonsense: {} } });
});
after(() => fixture.close());

describe('approving', () => {
  test('writes down what is asked, for the bytes that are there', async () => {
    const entry = await fixture.approve('other');
    assert.deepEqual(entry.approved, { capabilities: { env: { keys: ['A'] } }, limits: { cpuMs: 100 } });
    assert.deepEqual([entry.by, entry.version, entry.kind, entry.express], ['ada', '1.0.0', 'endpoint', 5]);
    const kept = await readFile(join(fixture.root, '.cloister/artifacts', `${entry.artifact}.js`), 'utf8');
    assert.match(kept, /other/);
    assert.equal(await readFile(fixture.lock, 'utf8'), formatLock(new Map([['other', entry]])));
  });
  test('gives what stood there before', async () => {
    const { before: was } = await fixture.withApprovals((approvals) => approvals.approve('other', { by: 'bob' }));
    assert.equal(was?.by, 'ada');
  });

  const rows: readonly (readonly [string, string, Parameters<ConsentFixture['approve']>[1], string])[] = [
    ['a package that is not there', 'nobody', {}, 'ERR_OPTIONS_INVALID'],
    ['a package that cannot be read', 'faulty', {}, 'ERR_MANIFEST_INVALID'],
    ['for nobody', 'greet', { by: '' }, 'ERR_OPTIONS_INVALID'],
    ['for somebody with a line break', 'greet', { by: 'a\nb' }, 'ERR_OPTIONS_INVALID'],
    ['grants that do not fit', 'greet', { grants: { capabilities: { env: {} } } }, 'ERR_OPTIONS_INVALID'],
    ['an unknown key', 'greet', { grants: { manifest: {} } }, 'ERR_OPTIONS_INVALID'],
    ['a capability that is not asked', 'greet', { grants: { capabilities: { headers: { names: [] } } } }, 'ERR_LOCK_INVALID'],
    ['audit without a ceiling', 'greet', { grants: { mode: 'audit' } }, 'ERR_OPTIONS_INVALID'],
  ];
  for (const [name, id, terms, code] of rows)
    test(`${name} is refused and leaves nothing behind`, async () => {
      const was = await readFile(fixture.lock, 'utf8');
      const recorded = await readFile(operatorFile(), 'utf8');
      await assert.rejects(fixture.approve(id, terms), { code });
      assert.deepEqual([await readFile(fixture.lock, 'utf8'), await readFile(operatorFile(), 'utf8')], [was, recorded]);
    });
  test('above the ceiling is refused', async () => {
    const ceiling = { capabilities: {} };
    await assert.rejects(
      fixture.withApprovals((approvals) => approvals.approve('greet', { by: 'ada' }), { ceiling }),
      { code: 'ERR_OPTIONS_INVALID' },
    );
  });
  test('what the configuration approves already is refused', async () => {
    await assert.rejects(
      fixture.withApprovals((approvals) => approvals.approve('greet', { by: 'ada' }), { approvals: { greet: 'requested' } }),
      { code: 'ERR_OPTIONS_INVALID' },
    );
  });
});

describe('revoking', () => {
  test('what is not approved is refused', async () => {
    await assert.rejects(
      fixture.withApprovals((approvals) => approvals.revoke('nobody', { by: 'ada' })),
      { code: 'ERR_OPTIONS_INVALID' },
    );
  });
  test('is on a chain of its own with the approving, in order', async () => {
    await fixture.withApprovals((approvals) => approvals.revoke('other', { by: 'carl' }));
    const lines = (await readFile(operatorFile(), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, string>>);
    assert.deepEqual(
      lines.map(({ event, extension: id, reason }) => [event, id, reason?.split(':')[0]]),
      [
        ['operator.approve', 'other', 'by ada'],
        ['operator.approve', 'other', 'by bob'],
        ['operator.revoke', 'other', 'by carl'],
      ],
    );
    assert.equal((await verifyLedger(operatorFile())).ok, true);
  });
});

test('several who approve at once lose nothing of each other, and leave no turn behind', async () => {
  const ids = ['e0', 'e1', 'e2', 'e3'];
  for (const id of ids) await fixture.write(id, says(id), {});
  await Promise.all(ids.map((id) => fixture.approve(id, { by: id })));
  assert.deepEqual(Object.keys(JSON.parse(await readFile(fixture.lock, 'utf8')).extensions), ids);
  assert.equal((await verifyLedger(operatorFile())).ok, true);
  assert.deepEqual((await readdir(fixture.root)).toSorted(), ['.cloister', 'cloister.lock.json', 'packages']);
});

describe('held to what was looked at', () => {
  const look = () => fixture.withApprovals(async (approvals) => (await approvals.diff('greet')).found);
  test('the same package is approved', async () => {
    const seen = await look();
    assert.equal((await fixture.approve('greet', { artifact: seen?.digest ?? '' })).digest, seen?.digest);
  });
  test('the hash of the script alone is refused: it says nothing of the wishes', async () => {
    await assert.rejects(fixture.approve('greet', { artifact: (await look())?.artifact ?? '' }), { code: 'ERR_OPTIONS_INVALID' });
  });
  const rows: readonly (readonly [string, string, object])[] = [
    ['another script', says('two'), asking('A', 'B')],
    ['another wish', says('one'), asking('A', 'B', 'SECRET')],
  ];
  for (const [name, source, wishes] of rows)
    test(`${name} is refused`, async () => {
      await fixture.write('greet', says('one'), asking('A', 'B'));
      const artifact = (await look())?.digest ?? '';
      await fixture.write('greet', source, wishes);
      const was = await readFile(fixture.lock, 'utf8');
      await assert.rejects(fixture.approve('greet', { artifact }), { code: 'ERR_OPTIONS_INVALID' });
      assert.equal(await readFile(fixture.lock, 'utf8'), was);
      await fixture.write('greet', says('one'), asking('A', 'B'));
    });
  test('the end of a long wish is shown', async () => {
    const end = '.attacker.example';
    await fixture.write('long', says('x'), {
      capabilities: { fetch: { origins: { [`https://good.example${'.aa'.repeat(40)}${end}`]: true } } },
    });
    const lines = showDiff(await fixture.withApprovals((approvals) => approvals.diff('long')));
    assert.ok(
      lines.some((line) => line.includes('https://good.example') && line.includes(end)),
      lines.join('\n'),
    );
  });
});
