// `cloister dev --inspect`: a debugger's protocol, spoken raw, to an extension in its cell. Must never depend on how long anybody looks.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { inspectSteps } from '../../sandbox/protocol/kinds.ts';
import type { Cell } from '../../sandbox/ward/cell.ts';
import { Inspections } from '../../sandbox/ward/inspections.ts';
import { type Dev, openDev } from '../../src/author/dev/open-dev.ts';
import { type Client, makeClient, type Reply } from '../helpers/client.ts';
import { findSandboxProcesses, waitUntil } from '../helpers/runtime.ts';
import { openTemporaryFolder, type TemporaryFolder } from '../packages/package-writer.ts';

const patienceMs = 60_000;
const source = `export default (router) => {
  router.get('/:number', (request, response) => {
    const number = Number(request.params.number);
    const doubled = number * 2;
    response.json({ doubled });
  });
};
`;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
}
interface Target {
  readonly title: string;
  readonly webSocketDebuggerUrl: string;
}

/** A debugger that knows no more than the wire. */
class Debugger {
  readonly socket: WebSocket;
  /** The code it was closed with. */
  readonly closed: Promise<number>;
  readonly #messages: Message[] = [];
  #lastId = 0;

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.on('message', (data: Buffer) => void this.#messages.push(JSON.parse(data.toString()) as Message));
  }

  async ask(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.socket.send(JSON.stringify({ id, method, params }));
    const answer = await this.#until(`an answer to ${method}`, (message) => message.id === id);
    assert.ok(answer.result, JSON.stringify(answer));
    return answer.result;
  }

  async event(
    method: string,
    fits: (params: Readonly<Record<string, unknown>>) => boolean = () => true,
  ): Promise<Readonly<Record<string, unknown>>> {
    const found = await this.#until(method, (message) => message.method === method && fits(message.params ?? {}));
    this.#messages.splice(this.#messages.indexOf(found), 1);
    return found.params ?? {};
  }

  async #until(what: string, fits: (message: Message) => boolean): Promise<Message> {
    await waitUntil(what, () => this.#messages.some(fits), patienceMs);
    return this.#messages.find(fits) ?? assert.fail();
  }
}

let folder: TemporaryFolder;
let dev: Dev;
let server: http.Server;
let client: Client;

before(async () => {
  folder = await openTemporaryFolder();
  await folder.write({ 'package.json': JSON.stringify({ name: 'mine', type: 'module', cloister: {} }), 'src/index.js': source });
  dev = await openDev({ folder: folder.root, runtime: {}, say: () => undefined, inspectPort: 0 });
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

const list = async (): Promise<readonly Target[]> => (await (await fetch(dev.inspectUrl ?? '')).json()) as readonly Target[];
/** Who was there before may still be on its way out. */
const attach = async (): Promise<Debugger> => {
  for (const until = performance.now() + patienceMs; performance.now() < until; await sleep(20)) {
    const target = (await list()).find(({ title }) => title.startsWith('mine '));
    if (target === undefined) continue;
    const joined = new Debugger(target.webSocketDebuggerUrl);
    await once(joined.socket, 'open');
    if (await Promise.race([joined.ask('Runtime.enable').then(() => true), joined.closed.then(() => false)])) return joined;
  }
  return assert.fail('there is no cell to join');
};

/** Stops where `doubled` is known. */
const stopInside = async (joined: Debugger, number: number): Promise<{ readonly reply: Promise<Reply>; readonly callFrameId: string }> => {
  await joined.ask('Debugger.enable');
  const { scriptId } = await joined.event('Debugger.scriptParsed', ({ url }) => url === '/extension/index.js');
  const { scriptSource } = await joined.ask('Debugger.getScriptSource', { scriptId });
  const lineNumber = String(scriptSource)
    .split('\n')
    .findIndex((line) => line.includes('json({ doubled })'));
  const { locations } = await joined.ask('Debugger.setBreakpointByUrl', { url: '/extension/index.js', lineNumber });
  assert.equal((locations as readonly unknown[]).length, 1);
  const reply = client.get(`/mine/${number}`);
  const { callFrames } = await joined.event('Debugger.paused');
  return { reply, callFrameId: (callFrames as readonly { readonly callFrameId: string }[])[0]?.callFrameId ?? '' };
};

describe('a debugger', { concurrency: false }, () => {
  test('stops at a line that a request comes to, reads a variable, changes it and lets it run on', async () => {
    const joined = await attach();
    const { reply, callFrameId } = await stopInside(joined, 21);
    const evaluate = async (expression: string): Promise<unknown> =>
      ((await joined.ask('Debugger.evaluateOnCallFrame', { callFrameId, expression })) as { readonly result: { readonly value?: unknown } })
        .result.value;
    assert.equal(await evaluate('doubled'), 42);
    assert.equal(await evaluate('request.params.number'), '21');
    // Longer than an entry may outrun its timeout.
    await sleep(1_000);
    assert.equal(await evaluate('number + 1'), 22);
    await joined.ask('Debugger.resume');
    assert.deepEqual((await reply).json(), { doubled: 42 });
    joined.socket.close();
    await joined.closed;
  });
  test('finds the sources by the map that the script carries', async () => {
    const joined = await attach();
    await joined.ask('Debugger.enable');
    const { sourceMapURL } = await joined.event('Debugger.scriptParsed', ({ url }) => url === '/extension/index.js');
    const map = JSON.parse(Buffer.from(String(sourceMapURL).split('base64,')[1] ?? '', 'base64').toString()) as {
      readonly sourcesContent: readonly string[];
    };
    assert.ok(map.sourcesContent.includes(source));
    const second = new Debugger((await list())[0]?.webSocketDebuggerUrl ?? '');
    assert.equal(await second.closed, 1013, 'one debugger at a time');
    joined.socket.close();
    await joined.closed;
  });
  test('that hangs up while it holds a request lets it run on', async () => {
    const joined = await attach();
    const { reply } = await stopInside(joined, 4);
    joined.socket.terminate();
    assert.deepEqual((await reply).json(), { doubled: 8 });
  });
  test('is told when its cell is replaced', async () => {
    const joined = await attach();
    writeFileSync(join(folder.root, 'src/index.js'), source.replace('* 2', '* 3'));
    assert.equal(await joined.closed, 1001);
    assert.deepEqual((await client.get('/mine/2')).json(), { doubled: 6 });
  });
});

describe('nobody else is let in', () => {
  const ask = (path: string, headers: http.OutgoingHttpHeaders): Promise<number> =>
    new Promise((resolve, reject) => {
      const url = new URL(dev.inspectUrl ?? '');
      http
        .get({ host: url.hostname, port: url.port, path, headers }, (response) => resolve(response.resume().statusCode ?? 0))
        .on('error', reject);
    });
  const rows: readonly (readonly [string, http.OutgoingHttpHeaders, number])[] = [
    ['this machine by its address', {}, 200],
    ['this machine by its name', { host: 'localhost:1' }, 200],
    ['DevTools', { origin: 'devtools://devtools' }, 200],
    ['a name that leads here', { host: 'evil.example:9229' }, 403],
    ['a page of another site', { origin: 'https://evil.example' }, 403],
  ];
  for (const [name, headers, status] of rows)
    test(`${name}: ${status}`, async () => assert.equal(await ask('/json/list', headers), status));
  for (const [name, path, options] of [
    ['a target that is guessed', '/1', {}],
    ['a page that knows the target', null, { origin: 'https://evil.example' }],
  ] as const)
    test(`no socket for ${name}`, async () => {
      const [target] = await list();
      const url = path === null ? (target?.webSocketDebuggerUrl ?? '') : `ws://${new URL(dev.inspectUrl ?? '').host}${path}`;
      const socket = new WebSocket(url, options);
      socket.once('open', () => socket.emit('error', new Error('it was let in')));
      const [error] = (await once(socket, 'error')) as unknown as readonly [Error];
      assert.match(error.message, /403/);
    });
});

describe('a ward that was not started for it', () => {
  test('joins nobody', () => {
    const inspections = new Inspections(false, () => assert.fail('it said something'));
    const cell = { ended: false, isolate: { inspect: () => assert.fail('it joined a debugger') } } as unknown as Cell;
    for (const step of Object.values(inspectSteps)) inspections.receive(cell, step, '{"id":1,"method":"Debugger.enable"}');
  });
  test('is every ward but those of dev --inspect', () => {
    const wards = findSandboxProcesses().map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'));
    assert.ok(wards.some((words) => words.includes('inspectable')));
    const lines = ['src/runtime.ts', 'src/wards/ward-pool.ts'].flatMap((file) =>
      readFileSync(join(import.meta.dirname, '../..', file), 'utf8').split('\n'),
    );
    assert.deepEqual(
      lines.filter((line) => line.includes('inspectable')).map((line) => line.trim()),
      ["program: hardening.start(flags, artefacts.wardFile, ...(development?.onInspection === undefined ? [] : ['inspectable'])),"],
    );
  });
});
