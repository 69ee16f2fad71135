// From a folder to a mount: every form an extension may export, and every way of failing, of which none keeps the others from being served.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RefusedExtension } from '../../src/installation.ts';
import { extension, openTestRuntime, readCpuMs, type TestRuntime } from '../helpers/runtime.ts';
import type { Files } from '../packages/package-writer.ts';
import { broken } from './loading-broken.ts';
import { says, served } from './loading-served.ts';

const twins: Readonly<Record<string, Files>> = {
  'a-first': extension(`export default { id: 'wanted', handler: ${says('first')} };`),
  'b-second': extension(`export default { id: 'Wanted', handler: ${says('second')} };`),
};

describe('loading', () => {
  let runtime: TestRuntime;
  before(async () => {
    runtime = await openTestRuntime({
      extensions: Object.fromEntries([...served, ...broken].map(({ folder, files }) => [folder, files]).concat(Object.entries(twins))),
    });
  });
  after(() => runtime.close());

  const refusalOf = (folder: string): RefusedExtension | undefined =>
    runtime.runtime.refused().find((one) => one.folder.endsWith(`/${folder}`));

  for (const { name, folder, serves } of served) {
    test(`${name} is served`, async () => {
      assert.equal(refusalOf(folder)?.error.message, undefined);
      for (const [mount, what] of Object.entries(serves)) assert.deepEqual((await runtime.get(`/${mount}`)).json(), { what });
      const installed = runtime.runtime.extensions().find((one) => one.folder.endsWith(`/${folder}`));
      assert.deepEqual(installed?.mounts.toSorted(), Object.keys(serves).toSorted());
    });
  }
  for (const { name, folder, code, line } of broken) {
    test(`${name} is refused in one line`, () => {
      const error = refusalOf(folder)?.error;
      assert.equal(error?.code, code, error?.message);
      assert.match(error?.message ?? '', line);
      assert.doesNotMatch(error?.message ?? '', /[\u0000-\u001f\u007f\u2028]/);
    });
  }
  test('nothing else is refused', () => {
    const wanted = new Set([...broken.map(({ folder }) => folder), ...Object.keys(twins)]);
    assert.deepEqual(
      runtime.runtime.refused().filter((one) => !wanted.has(one.folder.split('/').at(-1) ?? '')),
      [],
    );
  });
  test('what is refused is on the ledger', () => {
    const refused = runtime.entries('life').filter((one) => one.event === 'package.refused');
    assert.equal(refused.length, runtime.runtime.refused().length);
    const loops = refused.find((one) => one.extension === 'loops');
    assert.match(loops?.reason ?? '', /registerMs/);
    const [limit] = runtime.entries('limit').filter((one) => one.extension === 'loops');
    assert.deepEqual([limit?.limit, limit?.allowed, (limit?.used ?? 0) >= 300], ['registerMs', 400, true]);
  });
  test('of two that want one id, in whatever case, one is served and the other told who has it', async () => {
    const refused = Object.keys(twins).flatMap((folder) => refusalOf(folder) ?? []);
    assert.equal(refused.length, 1);
    assert.equal(refused[0]?.error.code, 'ERR_EXTENSION_CONFLICT');
    const kept = Object.keys(twins).find((folder) => refusalOf(folder) === undefined) ?? '';
    assert.match(refused[0]?.error.message ?? '', new RegExp(`${kept}`));
    const mount = kept === 'a-first' ? 'wanted' : 'Wanted';
    assert.deepEqual((await runtime.get(`/${mount}`)).json(), { what: kept === 'a-first' ? 'first' : 'second' });
  });
  test('no cell of what is refused is left', () => {
    assert.ok(runtime.runtime.health().cells <= runtime.runtime.extensions().length);
    assert.equal(runtime.runtime.health().refused, runtime.runtime.refused().length);
  });
});

describe('what is refused after it has registered', () => {
  test('keeps no cell', async () => {
    const source = (id: string): string => `export default { id: '${id}', handler: ${says(id)} };`;
    const runtime = await openTestRuntime({
      extensions: { 'a-fine': extension(source('fine')), 'b-bad': extension(source('not fine')), 'c-twin': extension(source('fine')) },
    });
    try {
      assert.deepEqual(
        runtime.runtime.refused().map((one) => one.error.code),
        ['ERR_PACKAGE_INVALID', 'ERR_EXTENSION_CONFLICT'],
      );
      assert.equal(runtime.runtime.health().cells, 1);
    } finally {
      await runtime.close();
    }
  });
});

describe('a register that cannot be stopped', () => {
  test('is refused, what registers beside it is served, and nothing of it runs on', async () => {
    const slow = `export default async (router) => { await new Promise((resolve) => setTimeout(resolve, 1_300)); (${says('slow')})(router); };`;
    const short = { limits: { registerMs: 400 } };
    const stuck = 'export default () => { Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); };';
    const early = 'Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1); export default () => {};';
    const runtime = await openTestRuntime({
      extensions: {
        'a-slow': extension(slow, { limits: { registerMs: 10_000 } }),
        'b-stuck': extension(stuck, short),
        'c-stuck': extension(early, short),
        'd-slow': extension(slow, { limits: { registerMs: 10_000 } }),
      },
    });
    try {
      assert.deepEqual(
        runtime.runtime.refused().map((one) => [one.error.code, one.folder.split('/').at(-1)]),
        [
          ['ERR_REGISTER_FAILED', 'b-stuck'],
          ['ERR_REGISTER_FAILED', 'c-stuck'],
        ],
      );
      for (const id of ['a-slow', 'd-slow']) assert.deepEqual((await runtime.get(`/${id}`)).json(), { what: 'slow' });
      await sleep(1_000);
      const wards = runtime.wards();
      const before = readCpuMs(wards);
      await sleep(400);
      assert.ok(readCpuMs(wards) - before < 200, 'a ward is still busy');
    } finally {
      await runtime.close();
    }
  });
});
