// `cloister dev`: what an author sees of a save, a mistake, an error and a denial. Must never depend on how fast a save is noticed.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Dev, openDev } from '../../src/author/dev/open-dev.ts';
import { type Client, makeClient } from '../helpers/client.ts';
import { waitUntil } from '../helpers/runtime.ts';
import { openTemporaryFolder, type TemporaryFolder } from '../packages/package-writer.ts';

const patienceMs = 60_000;
const cloister = { capabilities: { env: { keys: ['SEEN'] }, fetch: { origins: { 'https://api.example.com': { methods: ['GET'] } } } } };
const manifest = (more: object = {}): string =>
  JSON.stringify({ name: 'mine', version: '1.0.0', type: 'module', cloister: { ...cloister, ...more } });
const source = (text: string): string => `// A comment that no bundle keeps.
import { defineEndpoint } from 'cloister/sdk';
import { fail, type Text } from './fail.ts';

const text: Text = '${text}';
export default defineEndpoint((router, { logger }) => {
  router.get('/', (_request, response) => response.send(text));
  router.get('/fails', () => fail());
  router.get('/logs', (_request, response) => {
    logger.info({ a: 1 }, 'a line');
    logger.error(new Error('told'));
    response.sendStatus(204);
  });
  router.get('/denied', async (_request, response) => {
    await fetch('https://api.example.com/v1/x', { method: 'POST' });
    response.sendStatus(204);
  });
});
`;
const fails = `export type Text = string;

export const fail = (): never => {
  throw new TypeError('no such luck');
};
`;

let folder: TemporaryFolder;
let dev: Dev;
let server: http.Server;
let client: Client;
const lines: string[] = [];
const said = (pattern: RegExp): string | undefined => lines.find((line) => pattern.test(line));
const waitFor = async (pattern: RegExp): Promise<string> => {
  await waitUntil(`${String(pattern)} in ${lines.join('\n')}`, () => said(pattern) !== undefined, patienceMs);
  return said(pattern) ?? '';
};
const save = async (file: string, text: string): Promise<void> => {
  lines.length = 0;
  await writeFile(join(folder.root, file), text);
};

before(async () => {
  folder = await openTemporaryFolder();
  await folder.write({
    'package.json': manifest(),
    'src/index.ts': source('one'),
    'src/fail.ts': fails,
    'dist/index.js': `export default (router) => router.get('/', (request, response) => response.send('stale'));`,
  });
  dev = await openDev({
    folder: folder.root,
    runtime: { limits: { registerMs: 20_000, wallMs: 20_000 } },
    say: (line) => void lines.push(line),
    inspectPort: null,
  });
  server = http.createServer(dev.runtime.handler());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = makeClient((server.address() as AddressInfo).port);
});
after(async () => {
  client.close();
  server.closeAllConnections();
  server.close();
  await dev.close();
  await folder.remove();
});

describe('dev', { concurrency: false }, () => {
  test('serves the sources, not what was built of them', async () => {
    assert.deepEqual(dev.runtime.refused(), []);
    assert.equal((await client.get('/mine')).text, 'one');
    assert.match(await waitFor(/GET \/mine /), /^200 {3}mine/);
  });
  test('shows where an error came from, in the author’s own file and line', async () => {
    assert.equal((await client.get('/mine/fails')).status, 500);
    const stack = await waitFor(/no such luck/);
    assert.match(stack, /src\/fail\.ts:4:9/);
    assert.match(stack, /src\/index\.ts:8:\d+/);
    assert.doesNotMatch(stack, /\/extension\/|node_modules|guest-e/);
  });
  test('shows log lines with their data, and stacks in them', async () => {
    await client.get('/mine/logs');
    assert.match(await waitFor(/a line/), /^info {2}mine {2}a line \{"a":1\}$/);
    assert.match(await waitFor(/told/), /src\/index\.ts:11:\d+/);
  });
  test('shows what was denied, and the line of the manifest that would ask for it', async () => {
    await client.get('/mine/denied');
    const denial = await waitFor(/^denied/);
    assert.match(denial, /fetch\.request .*by fetch\.method/);
    const wish = /"cloister": (\{.*\})/.exec(denial)?.[1] ?? '';
    assert.deepEqual(JSON.parse(wish), {
      capabilities: { fetch: { origins: { 'https://api.example.com': { methods: ['GET', 'POST'] } } } },
    });
  });
  test('takes up what is saved', async () => {
    await save('src/index.ts', source('two'));
    await waitFor(/^swapped mine [0-9a-f]{12} in \d+ ms/);
    assert.equal((await client.get('/mine')).text, 'two');
  });
  test('takes up a file in a folder that is new', async () => {
    await folder.write({ 'src/more/words.ts': `export const words = 'three';` });
    await save('src/index.ts', `import { words } from './more/words.ts';\n${source('x').replace(`'x'`, 'words')}`);
    await waitFor(/^swapped/);
    await save('src/more/words.ts', `export const words = 'four';`);
    await waitFor(/^swapped/);
    assert.equal((await client.get('/mine')).text, 'four');
  });
  const broken: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'that does not parse',
      'src/index.ts',
      source('x').replace('response.send(text)', 'response.send('),
      /^error .*src\/index\.ts:7:\d+: /,
    ],
    [
      'that throws while it registers',
      'src/index.ts',
      `${source('x')}\nthrow new Error('not today');\n`,
      /^error .*not today.*\(src\/index\.ts:\d+:\d+\)/,
    ],
    ['of the manifest that is none', 'package.json', manifest({ capabilites: {} }), /^error .*unknown key "capabilites"/],
  ];
  for (const [name, file, text, says] of broken)
    test(`goes on with the last good build after a save ${name}`, async () => {
      const before = await readFile(join(folder.root, file), 'utf8');
      await save(file, text);
      await waitFor(says);
      await waitFor(/what was served before goes on/);
      assert.equal((await client.get('/mine')).text, 'four');
      await save(file, before);
    });
});
