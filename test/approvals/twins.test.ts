// Packages that want the id of an approved one: who is served, over real hosts. Must never let the name of a folder decide.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { CloisterOptions } from '../../src/options.ts';
import { asking, type ConsentFixture, openConsentFixture, says } from '../helpers/consent.ts';
import { extension } from '../helpers/runtime.ts';

let fixture: ConsentFixture;
const write = (folder: string, word: string, name = 'e1', keys: readonly string[] = ['A']): Promise<void> =>
  fixture.writeFiles(folder, extension(says(word), asking(...keys), { name, version: '1.0.0' }));
const away = (folder: string): Promise<void> => rm(join(fixture.root, 'packages', folder), { recursive: true });

/** What /e1 answers, and the refused folders that want an id of another. */
const outcome = async (options: Partial<CloisterOptions> = {}): Promise<readonly [unknown, readonly string[]]> => {
  const runtime = await fixture.serve(options);
  const reply = await runtime.get('/e1');
  const refused = runtime.runtime.refused().filter(({ error }) => error.code === 'ERR_EXTENSION_CONFLICT');
  return [reply.status === 200 ? reply.json() : reply.status, refused.map(({ folder }) => folder.split('/').at(-1) ?? '')];
};

before(async () => {
  fixture = await openConsentFixture();
  await write('e1', 'mine');
  await fixture.approve('e1');
});
after(() => fixture.close());

describe('under a lock', () => {
  test('the approved package serves, whatever a stranger calls its folder or how it writes the id', async () => {
    await write('aaa', 'stranger');
    await write('aab', 'shouting', 'E1');
    assert.deepEqual(await outcome(), [
      ['mine', 'a', null],
      ['aaa', 'aab'],
    ]);
  });
  test('where none is the approved package, its script from the store serves, and nothing of theirs', async () => {
    await write('e1', 'mine, again');
    assert.deepEqual(await outcome(), [
      ['mine', 'a', null],
      ['aaa', 'aab', 'e1'],
    ]);
  });
  test('where the approved package cannot be read, a stranger does not upgrade it', async () => {
    await away('aab');
    await fixture.writeFiles('e1', extension('export default (', asking('A'), { name: 'e1' }));
    assert.deepEqual(await outcome(), [['mine', 'a', null], ['aaa']]);
  });
  test('where the entries of the configuration mean different modes, none runs', async () => {
    await write('e1', 'mine, again');
    const folder = (name: string): string => join(fixture.root, 'packages', name);
    const extensions = [{ folder: folder('aaa'), isolation: 'request' as const }, folder('e1')];
    assert.deepEqual(await outcome({ extensions }), [404, ['aaa', 'e1']]);
  });
});

describe('without a lock', () => {
  const bare = (approvals: CloisterOptions['approvals']): Partial<CloisterOptions> => ({
    lock: null,
    ...(approvals === undefined ? {} : { approvals }),
  });
  test('an approval of the id is for neither', async () => {
    assert.deepEqual(await outcome(bare({ e1: 'requested' })), [404, ['aaa', 'e1']]);
  });
  test('but for the one to which the configuration gives the id', async () => {
    const packages = join(fixture.root, 'packages');
    const extensions = [packages, { folder: join(packages, 'e1'), id: 'e1' }];
    assert.deepEqual(await outcome({ ...bare({ e1: 'requested' }), extensions }), [
      ['mine, again', 'a', null],
      ['aaa', 'e1'],
    ]);
  });
  test('where all that is asked is approved, the first is served', async () => {
    assert.deepEqual(await outcome(bare('requested')), [['stranger', 'a', null], ['e1']]);
  });
  test('copies of one package do not stand in each other’s way', async () => {
    await write('aaa', 'mine, again');
    assert.deepEqual(await outcome(bare({ e1: 'requested' })), [['mine, again', 'a', null], ['e1']]);
  });
});
