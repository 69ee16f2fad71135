// `cloister approve`, `diff` and `revoke` as an operator types them, and `serve` over what they wrote. Must never leave a process running.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApprovalDiff } from '../../src/approvals/diff.ts';
import { endCommands, type Outcome, openWarmCommands, runCommand, startCommand } from '../helpers/commands.ts';
import { asking, type ConsentFixture, openConsentFixture, says } from '../helpers/consent.ts';

const patienceMs = 120_000;
const warm = openWarmCommands();
let fixture: ConsentFixture;
const cloister = (...args: readonly string[]): Promise<Outcome> => warm.run(args, fixture.root);

/** Starts `serve`, asks it for /greet, and stops it. */
const served = async (...args: readonly string[]): Promise<unknown> => {
  const { child, outcome, said } = startCommand(['serve', 'packages', '--port', '0', '--config', 'config.json', ...args], fixture.root);
  let url: string | undefined;
  for (
    const until = performance.now() + patienceMs;
    url === undefined && child.exitCode === null && performance.now() < until;
    await sleep(20)
  )
    url = /http:\/\/127\.0\.0\.1:\d+/.exec(said())?.[0];
  if (url === undefined) assert.fail((await outcome).err);
  const reply = await fetch(`${url}/greet`);
  const answer: unknown = reply.status === 200 ? await reply.json() : reply.status;
  child.kill('SIGTERM');
  assert.equal((await outcome).code, 0);
  return answer;
};

before(async () => {
  fixture = await openConsentFixture();
  await fixture.write('greet', says('one'), asking('A'));
  await mkdir(join(fixture.root, '.cloister'), { recursive: true });
  await writeFile(
    join(fixture.root, 'config.json'),
    JSON.stringify({ env: { A: 'a', B: 'b' }, ledger: { file: '.cloister/ledger.ndjson' } }),
  );
});
after(async () => {
  endCommands();
  await warm.close();
  await fixture.close();
});

describe('from an unknown package to one that is approved, upgraded and revoked', () => {
  test('diff says that it waits, and what it asks for', async () => {
    const { code, out } = await runCommand(['diff', 'greet', 'packages'], fixture.root);
    assert.equal(code, 1);
    assert.match(out, /^greet waits for approval; nothing of it serves\n {2}found {5}1\.0\.0 {2}[0-9a-f]{12} {2}in \S+packages\/greet\n/);
    assert.match(out, /env\.keys: A +– +yes +– +any +–\n/);
  });
  test('approve writes the lock', async () => {
    const { code, out, err } = await runCommand(['approve', 'greet', 'packages', '--by', 'ada'], fixture.root);
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^approved greet 1\.0\.0 [0-9a-f]{12} \(env\) as ada in cloister\.lock\.json\n$/);
  });
  test('serve finds the lock; nothing waits then, and what was used stands in the diff', async () => {
    assert.deepEqual(await served(), ['one', 'a', null]);
    const { code, out } = await cloister('diff', 'greet', 'packages', '--json');
    assert.equal(code, 0);
    const row = (JSON.parse(out) as ApprovalDiff).rows.find(({ item }) => item === 'A');
    assert.deepEqual(
      [row?.path, row?.was, row?.asks, row?.approved, row?.ceiling, row?.used?.count],
      ['env.keys', 'yes', 'yes', 'yes', 'any', 1],
    );
  });
  test('an upgrade that wishes for more: diff marks what is new, serve goes on with what was approved', async () => {
    await fixture.write('greet', says('two'), { capabilities: { env: { keys: ['A', 'B'] } }, limits: { cpuMs: 80 } }, '2.0.0');
    const { code, out } = await cloister('diff', 'greet', 'packages');
    assert.equal(code, 1);
    assert.match(out, /^greet waits for approval; the approved version serves \(it wishes for more\)\n/);
    assert.match(out, /^\+ {2}env\.keys: B +– +yes +– /m);
    assert.match(out, /^\+ {2}limits\.cpuMs +– +80 +– /m);
    assert.match(out, /^ {3}env\.keys: A +yes +yes +yes +any +1×, last \d{4}-/m);
    assert.deepEqual(await served('--lock', 'cloister.lock.json'), ['one', 'a', null]);
  });
  test('approve with less than it asks', async () => {
    await writeFile(join(fixture.root, 'grants.json'), JSON.stringify({ capabilities: { env: { keys: ['B'] } } }));
    const digest = /--artifact ([0-9a-f]{64})\n$/.exec((await cloister('diff', 'greet', 'packages')).out)?.[1] ?? '';
    const told = await cloister('approve', 'greet', 'packages', '--artifact', digest, '--by', 'ada');
    assert.match(told.out, /; ANOTHER SCRIPT than was approved before \(1\.0\.0 [0-9a-f]{12}, by ada\)\n$/, told.err);
    const { code, out } = await cloister('approve', 'greet', 'packages', '--grants', 'grants.json', '--json');
    assert.equal(code, 0);
    const { entry, before: was } = JSON.parse(out) as { readonly entry: { readonly by: string }; readonly before: { readonly by: string } };
    assert.deepEqual([entry.by !== '', was.by], [true, 'ada']);
    const { approved } = JSON.parse(await readFile(fixture.lock, 'utf8')).extensions.greet;
    assert.deepEqual(approved, { capabilities: { env: { keys: ['B'] } }, limits: { cpuMs: 80 } });
  });
  test('revoke takes the entry out', async () => {
    const { code, out } = await runCommand(['revoke', 'greet', 'packages', '--by', 'bob'], fixture.root);
    assert.equal(code, 0);
    assert.match(out, /^revoked greet 2\.0\.0 [0-9a-f]{12} as bob in cloister\.lock\.json/);
    assert.deepEqual(JSON.parse(await readFile(fixture.lock, 'utf8')), { lockVersion: 1, extensions: {} });
  });
});
