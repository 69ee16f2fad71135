// A version on trial beside the one that serves, over real HTTP. Must never let a bad one take more than it takes to see that it is bad.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DesiredCanary } from '../../src/installation/desired.ts';
import { archiveKey, makeArchive, packageOf, type TestArchive, wants } from '../helpers/archives.ts';
import { openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';

const source = (body: string, mount = 'shop'): string =>
  `export default { id: '${mount}', handler: (router) => {
     router.get('/', async (req, res) => { ${body} });
   } };`;
const says = (version: string): string => `res.send('${version}')`;
const shop = (version: string, body = says(version), mount = 'shop', cpuMs = 2_000): TestArchive =>
  makeArchive('shop', version, source(body, mount), { limits: { memoryMb: 32, cpuMs } });
const good = shop('1.0.0');

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {},
    options: {
      trustedKeys: [archiveKey],
      limits: { registerMs: 20_000, wallMs: 30_000 },
      identify: ({ headers }) => ({
        tenant: 'acme',
        accountability: headers['x-user'] === undefined ? null : { user: String(headers['x-user']), ip: String(Math.random()) },
      }),
    },
  });
  await runtime.runtime.apply([wants(good)]);
});
after(() => runtime.close());

let trials = 0;
const beside = (archive: TestArchive, share: number): DesiredCanary => {
  trials += 1;
  return { ...packageOf(archive), share, since: String(trials) };
};
const tryOut = async (archive: TestArchive, share: number) => {
  const [applied] = await runtime.runtime.apply([wants(good, { canary: beside(archive, share) })]);
  return { current: applied?.current, canary: applied?.canary, failed: applied?.failed.map(({ error }) => error.code) };
};
const ask = async (times: number, user?: string): Promise<readonly string[]> => {
  const texts: string[] = [];
  for (let count = 0; count < times; count += 1)
    texts.push((await runtime.get('/shop', user === undefined ? {} : { 'x-user': user })).text);
  return texts;
};

describe('a canary takes its share', { concurrency: false }, () => {
  const second = shop('2.0.0');
  test('of requests of which nobody knows whose they are, within binomial bounds', async () => {
    assert.deepEqual(await tryOut(second, 0.3), { current: good.digest, canary: second.digest, failed: [] });
    const texts = await ask(400);
    const its = texts.filter((text) => text === '2.0.0').length;
    assert.equal(its + texts.filter((text) => text === '1.0.0').length, 400);
    // 120 expected, with a deviation of 9.2: six of them leave one run in a billion out.
    assert.ok(its > 65 && its < 175, `${its} of 400`);
  });
  test('and a client that is known meets one version for as long as the trial lasts', async () => {
    const versions = new Set<string>();
    for (let user = 0; user < 30; user += 1) {
      const texts = new Set(await ask(4, `user-${user}`));
      assert.equal(texts.size, 1);
      for (const text of texts) versions.add(text);
    }
    assert.deepEqual([...versions].sort(), ['1.0.0', '2.0.0']);
  });
  test('with another share it is the same cell', async () => {
    const loads = (): number => runtime.entries('life').filter(({ event }) => event === 'cell.boot').length;
    const before = loads();
    await tryOut(second, 0.9);
    assert.ok((await ask(40)).filter((text) => text === '2.0.0').length > 20);
    assert.equal(loads(), before);
  });
  test('promoted it takes everything, without a new registration', async () => {
    const starts = (): number =>
      runtime.entries('life').filter(({ event, version }) => event === 'cell.boot' && version === '2.0.0').length;
    const before = starts();
    const [applied] = await runtime.runtime.apply([wants(second)]);
    assert.deepEqual([applied?.current, applied?.canary, applied?.failed], [second.digest, null, []]);
    assert.deepEqual(new Set(await ask(20)), new Set(['2.0.0']));
    assert.equal(starts(), before);
    await runtime.runtime.apply([wants(good)]);
  });
  test('life events say of which version they are', () => {
    assert.ok(runtime.entries('life').some(({ event, version }) => event === 'canary.start' && version === '2.0.0'));
    assert.ok(runtime.entries('life').some(({ event, version }) => event === 'cell.boot' && version === '2.0.0'));
  });
});

describe('a canary is refused', { concurrency: false }, () => {
  const refused: readonly (readonly [string, TestArchive, string])[] = [
    ['with other mounts', shop('3.0.0', says('x'), 'elsewhere'), 'ERR_CANARY_INVALID'],
    ['with the same version number', shop('1.0.0', says('other')), 'ERR_CANARY_INVALID'],
    ['that does not register', makeArchive('shop', '3.0.1', 'export default () => { throw new Error(1); };'), 'ERR_REGISTER_FAILED'],
  ];
  for (const [name, archive, code] of refused)
    test(name, async () => {
      assert.deepEqual(await tryOut(archive, 0.5), { current: good.digest, canary: null, failed: [code] });
      assert.deepEqual(new Set(await ask(10)), new Set(['1.0.0']));
    });
});

describe('one client alone', { concurrency: false }, () => {
  test('does not have a canary taken back, however often its requests fail; with another it does', async () => {
    const version = '5.0.0';
    const archive = shop(version, `if (req.query.bad) throw new Error('bad'); ${says(version)}`);
    await runtime.runtime.apply([wants(good, { canary: beside(archive, 0.9) })]);
    const meets: string[] = [];
    for (let user = 0; meets.length < 2; user += 1) if ((await ask(1, `one-${user}`))[0] === version) meets.push(`one-${user}`);
    const isThere = (): boolean => !runtime.entries('life').some((one) => one.event === 'canary.return' && one.version === version);
    for (let time = 0; time < 25; time += 1) assert.equal((await runtime.get('/shop?bad=1', { 'x-user': meets[0] })).status, 500);
    await waitUntil('all have ended', () => runtime.runtime.health().requests === 0);
    assert.ok(isThere());
    for (let time = 0; time < 5 && isThere(); time += 1) await runtime.get('/shop?bad=1', { 'x-user': meets[1] });
    await waitUntil('it was taken back', () => !isThere());
  });
});

describe('a bad canary is taken back by itself', { concurrency: false }, () => {
  const bad: readonly (readonly [string, string, number, number])[] = [
    ['throws', `throw new Error('bad')`, 10, 2_000],
    ['loops', 'for (;;) {}', 10, 100],
    ['eats memory', 'const all = []; for (;;) all.push(new Array(100_000).fill(Math.random()));', 4, 20_000],
  ];
  for (const [index, [name, body, most, cpuMs]] of bad.entries())
    test(`one that ${name}, after at most ${most} requests`, async () => {
      const version = `4.${index}.0`;
      const archive = shop(version, body, 'shop', cpuMs);
      await ask(20);
      const trial = wants(good, { canary: beside(archive, 0.5) });
      const [applied] = await runtime.runtime.apply([trial]);
      assert.equal(applied?.canary, archive.digest);
      const returned = (): boolean => runtime.entries('life').some((one) => one.event === 'canary.return' && one.version === version);
      for (let asked = 0; !returned() && asked < 100; asked += 1) await runtime.get('/shop');
      await waitUntil('it was taken back', returned);
      const its = (): number => runtime.entries('request.end').filter((one) => one.version === version).length;
      await waitUntil('nothing of it runs', () => runtime.runtime.health().requests === 0);
      assert.ok(its() <= most + 2, `${its()} requests met it`);
      assert.deepEqual(new Set(await ask(10)), new Set(['1.0.0']));
      // Whoever says so again before the registry has heard changes nothing; a new trial is one.
      const [again] = await runtime.runtime.apply([trial]);
      assert.deepEqual([again?.canary, again?.failed], [null, []]);
    });
});
