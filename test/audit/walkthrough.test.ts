// docs/audit.md, typed as it stands: every command of it runs, and at its end the unknown package answers the same with the least grant. Must never run a command that is not on the page.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openTestDatabase, type TestDatabase } from '../helpers/postgres.ts';

const root = join(import.meta.dirname, '../..');
const patienceMs = 120_000;

interface Block {
  readonly kind: string;
  readonly text: string;
}

let database: TestDatabase;
let folder: string;
let server: ChildProcess | null = null;
let environment: NodeJS.ProcessEnv;
let port: number;

const findPort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return address !== null && typeof address === 'object' ? address.port : assert.fail();
};

const endServer = async (): Promise<void> => {
  const child = server;
  server = null;
  if (child === null || child.exitCode !== null) return;
  child.kill('SIGINT');
  await once(child, 'close');
};

before(async () => {
  database = await openTestDatabase(
    `create table articles (id serial primary key, title text, status text, body text);
     insert into articles (title, status, body) values ('One', 'published', 'a'), ('Two', 'draft', 'b'), ('Three', 'published', 'c');`,
  );
  folder = await mkdtemp(join(tmpdir(), 'cloister-walk-'));
  port = await findPort();
  const shim = join(folder, 'cloister');
  await writeFile(shim, `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'src/cli/main.ts')}" "$@"\n`);
  await chmod(shim, 0o755);
  environment = { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}`, DATABASE_URL: database.url };
});
after(async () => {
  await endServer();
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

/** Time belongs to the machine these commands run on. */
const roomy = '"limits": { "cpuMs": 2000, "wallMs": 20000, "registerMs": 20000 }';

const start = (text: string): ChildProcess =>
  spawn('sh', ['-ec', text.replaceAll('8055', String(port)).replace('"extensions":', `${roomy}, "extensions":`)], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const run = async (text: string): Promise<string> => {
  const child = start(text);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (part: Buffer) => (out += part.toString()));
  child.stderr?.on('data', (part: Buffer) => (err += part.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, `${text}\n${out}${err}`);
  return out;
};

const serve = async (text: string): Promise<void> => {
  // The shell makes way, so that the signal reaches the server.
  server = start(`exec ${text.trim()}`);
  let said = '';
  for (const stream of [server.stdout, server.stderr]) stream?.on('data', (part: Buffer) => (said += part.toString()));
  const until = performance.now() + patienceMs;
  while (!said.includes(String(port)) && performance.now() < until) {
    assert.equal(server.exitCode, null, said);
    await sleep(50);
  }
};

test('the page works as it stands', { timeout: 5 * patienceMs }, async () => {
  const page = await readFile(join(root, 'docs/audit.md'), 'utf8');
  const blocks: readonly Block[] = [...page.matchAll(/^```sh ?(\w*)\n(.*?)^```/gms)].map(([, kind = '', text = '']) => ({ kind, text }));
  const said = new Map<string, string>();
  const answers: string[] = [];
  for (const { kind, text } of blocks) {
    if (kind === 'server') await serve(text);
    else if (kind === 'client') {
      answers.push(await run(text));
      await endServer();
    } else said.set(text.trim().split('\n').at(-1) ?? '', await run(text));
  }
  assert.equal(answers.length, 2);
  assert.match(answers[0] ?? '', /"shop":"Corner","rows":\[\{"id":1,"title":"One"\},\{"id":3,"title":"Three"\}\]/);
  assert.equal(answers[1], answers[0], 'the same answers under the least grant');
  assert.match(said.get('cloister check incoming/shop') ?? '', /uses .*database tables articles read\n/);
  assert.match(
    said.get('cloister audit report shop --ledger ledger.ndjson') ?? '',
    /database: used 3 times, 3 would be denied, not granted/,
  );
  const written = JSON.parse(await readFile(join(folder, 'cloister.json'), 'utf8')) as {
    readonly approvals: { readonly shop: { readonly capabilities: unknown } };
  };
  assert.deepEqual(written.approvals.shop.capabilities, {
    database: { tables: { articles: { read: { columns: ['id', 'status', 'title'] } } } },
    env: { keys: ['SHOP_NAME'] },
    log: { levels: ['warn'] },
    router: { methods: ['GET'] },
  });
  const denied = (await run('cloister audit export --ledger ledger.ndjson --kind call.start'))
    .split('\n')
    .filter((line) => line.includes('"decision":"deny"'));
  assert.deepEqual(denied, []);
});
