// Strange values handed to everything that takes one, from every position: what crosses is text, read once, judged as what it is. Must never hand over a value the extension could not make itself.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { defineService } from '../../src/capabilities/services/definition.ts';
import type { Reply } from '../helpers/client.ts';
import { makeRandom, readSeed } from '../helpers/random.ts';
import { extension, waitUntil } from '../helpers/runtime.ts';
import { openSiege, type Siege } from '../helpers/siege.ts';
import { isWhole, thinned } from '../helpers/thinned.ts';
import { openUpstream, type Upstream } from '../helpers/upstream.ts';

const read = (name: string): string => readFileSync(new URL(`../fixtures/guest/${name}.js`, import.meta.url), 'utf8');
const load = async (name: string): Promise<Readonly<Record<string, Readonly<Record<string, unknown>>>>> =>
  (await import(new URL(`../fixtures/guest/${name}.js`, import.meta.url).href)) as Readonly<
    Record<string, Readonly<Record<string, unknown>>>
  >;
const values = Object.keys((await load('values'))['values'] ?? {});
const { channels: channelTable = {}, positions: positionTable = {} } = await load('channels');
const [channels, positions] = [Object.keys(channelTable), Object.keys(positionTable)];
const random = makeRandom(readSeed());
const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? '';

/** What a plain value comes to on each channel: the value to hand over, and what the answer must hold. */
const twins: Readonly<Record<string, readonly [plain: unknown, answer: RegExp, status?: number]>> = {
  'a binding': ['plain', /"text":"plain"/],
  'a condition': [{ id: 1 }, /"text":"one"/],
  'a value of a condition': [1, /"text":"one"/],
  'a name of a table': ['things', /"text":"one"/],
  'a name of a column': ['text', /"text":"one"/],
  'a limit': [1, /"text":"one"/],
  'a row': [{ id: 200, text: 'two' }, /"got"/],
  'an event': [{ id: 1 }, /\{"got":\{"id":1\}\}/],
  'an argument of a service': [{ id: 1 }, /\{"got":\{"said":\{"id":1\}\}\}/],
  'a key of env': ['GIVEN', /"got":"given"/],
  'a header of fetch': ['plain', /"got":200/],
  'a body of fetch': ['plain', /"got":200/],
  'options of fetch': [{ method: 'GET' }, /"got":200/],
  'a log line': [{ id: 1 }, /"got":null/],
  'an answer': [{ a: 1 }, /^\{"a":1\}$/],
  'a sent answer': ['plain', /^plain$/],
  'an end': ['plain', /^plain$/],
  'a part': ['y', /^xy$/],
  'a header': ['plain', /^fine$/],
  'a status': [299, /^fine$/, 299],
  'a cookie': ['plain', /^fine$/],
  'what is thrown': ['plain', /errors/, 500],
};

let upstream: Upstream;
let siege: Siege;
const said: unknown[] = [];
before(async () => {
  upstream = await openUpstream((_seen, response) => response.end('fine'));
  const capabilities = {
    database: { tables: { things: { read: true, create: { columns: ['id', 'text', 'data'] } } } },
    emitter: { emit: ['giver.*'], listen: ['giver.*'] },
    env: { keys: ['GIVEN'] },
    services: { Echo: { methods: ['say'] } },
    fetch: { origins: { [upstream.origin]: { methods: ['GET', 'POST'], headers: ['x-custom'] } } },
  };
  const limits = {
    cpuMs: 400,
    wallMs: 2_000,
    registerMs: 20_000,
    callBytes: 50_000,
    memoryMb: 128,
    bodyOutBytes: 50_000,
    logBytes: 4_000,
  };
  siege = await openSiege({
    hostile: {
      giver: { ...extension(read('channels'), { capabilities, limits }), 'values.js': read('values') },
    },
    options: {
      wards: { max: 6 },
      env: { GIVEN: 'given' },
      egress: { internalOrigins: [upstream.origin] },
      services: {
        Echo: defineService({
          kind: 'class',
          collection: false,
          service: class {
            say(value: unknown): object {
              said.push(value);
              return { said: value };
            }
          },
          methods: { say: { args: [true], required: 1, effect: false } },
        }),
      },
    },
  });
});
after(async () => {
  await siege.end();
  await upstream.close();
});

/** What may come of it: its own answer, its own failure, or a limit of its own. */
const fair = (reply: Pick<Reply, 'status' | 'code'>): boolean =>
  reply.status < 600 && reply.status >= 200 && !['ERR_INTERNAL', 'ERR_WARD_PROTOCOL'].includes(reply.code);

type Heard = Pick<Reply, 'status' | 'code' | 'text' | 'headers'>;

let tenants = 0;
const handOnce = (body: object): Promise<Heard> =>
  siege
    .attack('/giver/hand', { origin: upstream.origin, ...body }, undefined, tenants === 0 ? undefined : `hostile-${tenants}`)
    .catch((error: NodeJS.ErrnoException) => ({ status: 200, code: String(error.code), text: '', headers: {} }));

const hand = async (body: object): Promise<Heard> => {
  let reply = await handOnce(body);
  // Where it is parked nothing is handed over: another tenant does.
  if (reply.code === 'ERR_EXTENSION_PARKED') {
    tenants += 1;
    reply = await handOnce(body);
  }
  assert.ok(!reply.text.includes(siege.canary), reply.text.slice(0, 500));
  assert.doesNotMatch(reply.text, /node_modules|file:\/\/|\/src\/|postgres:\/\//);
  return reply;
};

/** Its cell may have been ended by what was handed over last. */
const handTwin = async (channel: string, plain: unknown): Promise<Pick<Reply, 'status' | 'text'>> => {
  for (let round = 0; ; round += 1) {
    const reply = await hand({ channel, position: 'in the handler', plain });
    if (round > 150 || ![503, 504, 507].includes(reply.status)) return reply;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

describe('what takes a value takes a plain one', () => {
  for (const [channel, [plain, answer, status = 200]] of Object.entries(twins))
    test(channel, async () => {
      const reply = await handTwin(channel, plain);
      assert.equal(reply.status, status, reply.text);
      assert.match(reply.text, answer);
    });
});

describe('a strange value costs at most its own request', () => {
  for (const value of thinned(values, 6)) {
    test(value, async () => {
      for (const channel of isWhole ? channels : thinned(channels, 3)) {
        const position = pick(positions);
        const reply = await hand({ value, channel, position });
        assert.ok(fair(reply), `${channel}, ${position}: ${reply.status} ${reply.text.slice(0, 300)}`);
      }
      const twin = await handTwin('a value of a condition', 1);
      assert.match(twin.text, /"text":"one"/, 'its next request is served');
    });
  }
});

describe('after all of them', () => {
  test('no statement that was let through names what was not granted', async () => {
    await waitUntil('nothing runs', () => siege.runtime.health().requests < 5);
    const allowed = siege.entries('call.start').filter((one) => one.decision === 'allow');
    assert.ok(allowed.length > 20);
    for (const one of allowed) assert.doesNotMatch(JSON.stringify(one.args), /hidden/);
  });
  test('a host’s service was given data and nothing else', () => {
    assert.ok(said.length > 0);
    for (const value of said) assert.deepEqual(value, JSON.parse(JSON.stringify(value)));
    for (const value of said) assert.equal(typeof Object(value)['then'] === 'function', false);
  });
  test('nobody was sent a method or a header beyond the grant', () => {
    for (const { method, headers } of upstream.seen) {
      assert.ok(['GET', 'POST'].includes(method), method);
      assert.equal(headers.authorization, undefined);
      assert.equal(headers.cookie, undefined);
    }
  });
});
