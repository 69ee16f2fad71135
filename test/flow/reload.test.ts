// `runtime.reload()`: packages that change while requests flow. Must never lose a request, nor a version that works.
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { emitting, hook } from '../helpers/hook.ts';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';
import type { Files } from '../packages/package-writer.ts';

const answers = (text: string, id = 'changing'): string =>
  `export default { id: '${id}', handler: (router) => {
     router.get('/', (req, res) => res.send('${text}'));
     router.get('/slow', (req, res) => setTimeout(() => res.send('${text}, slowly'), 700));
   } };`;
const hears = (word: string, cron: string): string =>
  `export default ({ action, schedule }, { logger }) => { action('said', () => logger.info('${word} heard')); schedule('${cron}', () => {}); };`;
const listening = { listen: ['said'], schedule: true };

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      changing: extension(answers('one')),
      steady: extension(`let count = 0; export default (router) => router.get('/', (req, res) => res.json((count += 1)));`),
      ears: hook(hears('first', '0 4 * * *'), listening),
      mouth: emitting(
        `export default (router, { emitter }) => router.get('/', (req, res) => { emitter.emitAction('said', {}); res.json('said'); });`,
        {
          emit: ['said'],
        },
      ),
    },
    options: { limits: { registerMs: 20_000, wallMs: 20_000 } },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());

const write = async (name: string, files: Files): Promise<void> => {
  for (const [file, text] of Object.entries(files)) await writeFile(join(runtime.folder, name, file), String(text));
};
const change = async (name: string, source: string): Promise<readonly string[]> => {
  await write(name, { 'index.js': source });
  await runtime.runtime.reload();
  return runtime.runtime.refused().map(({ error }) => error.message);
};
const text = async (path: string): Promise<string> => (await runtime.get(path)).text;
const heard = (word: string): number => runtime.logs.filter(({ msg }) => msg === `${word} heard`).length;

describe('what changed is taken into service', { concurrency: false }, () => {
  test('requests in flight finish on the old version, new ones meet the new', async () => {
    const slow = text('/changing/slow');
    await runtime.entry('life', ({ event, extension: id }) => event === 'cell.boot' && id === 'changing');
    await waitUntil('the request is in its cell', () => runtime.runtime.health().requests > 0);
    assert.deepEqual(await change('changing', answers('two')), []);
    assert.equal(await text('/changing'), 'two');
    assert.equal(await slow, 'one, slowly');
    const { artifact } = await runtime.ended('/changing');
    assert.equal(runtime.runtime.extensions().find(({ id }) => id === 'changing')?.artifact, artifact);
  });
  test('what did not change keeps its cell', async () => {
    assert.equal(await text('/steady'), '1');
    await runtime.runtime.reload();
    assert.equal(await text('/steady'), '2');
  });
  const broken: readonly (readonly [string, string, RegExp])[] = [
    ['does not parse', 'export default (router) => {\n  router.get(;\n};', /changing: index\.js:2:14: /],
    ['throws while it registers', `export default () => { throw new Error('not today'); };`, /not today/],
    ['wants the mount of another', answers('three', 'steady'), /steady/],
  ];
  for (const [name, source, says] of broken)
    test(`a version that ${name} leaves the old one serving`, async () => {
      const refused = await change('changing', source);
      assert.equal(refused.length, 1);
      assert.match(refused[0] ?? '', says);
      assert.equal(await text('/changing'), 'two');
      assert.equal((await text('/steady').then(Number)) > 0, true);
    });
  test('a manifest alone changes what it may do', async () => {
    await write('changing', { 'index.js': answers('two') });
    await write('changing', {
      'package.json': JSON.stringify({ type: 'module', cloister: { capabilities: { router: { methods: ['POST'] } } } }),
    });
    await runtime.runtime.reload();
    assert.equal((await runtime.get('/changing')).code, 'ERR_CAPABILITY_DENIED');
    await write('changing', { 'package.json': JSON.stringify({ type: 'module', cloister: {} }) });
    await runtime.runtime.reload();
    assert.equal(await text('/changing'), 'two');
  });
  test('a mount that it gives up is free', async () => {
    assert.deepEqual(await change('changing', answers('moved', 'elsewhere')), []);
    assert.deepEqual([await text('/elsewhere'), (await runtime.get('/changing')).status], ['moved', 404]);
    assert.deepEqual(await change('changing', answers('back')), []);
    assert.deepEqual([await text('/changing'), (await runtime.get('/elsewhere')).status], ['back', 404]);
  });
  test('a listener of the old version hears nothing more, and its schedules are gone', async () => {
    await runtime.get('/mouth');
    await waitUntil('the first hears', () => heard('first') === 1);
    assert.deepEqual(await change('ears', hears('second', '0 5 * * *')), []);
    await runtime.get('/mouth');
    await waitUntil('the second hears', () => heard('second') === 1);
    assert.equal(heard('first'), 1);
    assert.deepEqual(
      runtime.runtime.schedules().map(({ cron }) => cron),
      ['0 5 * * *'],
    );
  });
  test('two reloads at once end in the last that was written', async () => {
    await write('changing', { 'index.js': answers('racing') });
    const first = runtime.runtime.reload();
    await write('changing', { 'index.js': answers('last') });
    await Promise.all([first, runtime.runtime.reload()]);
    assert.equal(await text('/changing'), 'last');
  });
  test('what is gone stays until the host starts again', async () => {
    await rm(join(runtime.folder, 'steady'), { recursive: true });
    await runtime.runtime.reload();
    assert.equal((await runtime.get('/steady')).status, 200);
  });
  test('the old versions have no cell any more', async () => {
    await waitUntil('one cell for each', () => runtime.runtime.health().cells <= runtime.runtime.extensions().length);
  });
});
