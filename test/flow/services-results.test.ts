// What comes back from an embedder's service: data up to its limit, errors by their shape, and nothing of the host. Must never show a stack, a path or a word that nobody made to be told.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { servicesBounds } from '../../src/capabilities/services/bounds.ts';
import { openTestRuntime, type TestRuntime } from '../helpers/runtime.ts';
import { fullGrant, runnerWith, sent, services } from '../helpers/services-fixture.ts';

interface Outcome {
  readonly got?: unknown;
  readonly error?: {
    readonly isError: boolean;
    readonly name?: string;
    readonly code?: string;
    readonly status?: number;
    readonly message?: string;
    readonly extensions?: unknown;
    readonly own: readonly string[];
  };
}

let runtime: TestRuntime;
before(async () => {
  runtime = await openTestRuntime({
    extensions: {
      full: runnerWith({ services: fullGrant }, { resultBytes: 1_024 }),
      hasty: runnerWith({ services: fullGrant }, { wallMs: 3_000 }),
    },
    options: { services },
  });
  assert.deepEqual(runtime.runtime.refused(), []);
});
after(() => runtime.close());
beforeEach(() => void sent.splice(0));

const run = async (code: string, id = 'full'): Promise<Outcome> => (await runtime.post(`/${id}`, { code })).json() as Outcome;
const give = (name: string): string => `return new services.OddService().give('${name}')`;

describe('a result', () => {
  const rows: readonly (readonly [string, string, unknown])[] = [
    ['of Dates is text', 'date', { at: '1970-01-01T00:00:00.000Z', list: ['1970-01-01T00:00:00.001Z'] }],
    ['of all kinds of values is JSON, and a bigint text', 'values', { big: '12', nan: null, nul: null, yes: true, text: 'ä"\u2028' }],
    ['of nothing is null', 'nothing', null],
    ['of a method nobody has thought of is nothing', 'unheard of', null],
  ];
  for (const [name, what, expected] of rows) test(name, async () => assert.deepEqual((await run(give(what))).got, expected));
  for (const what of ['circle', 'function', 'bareFunction', 'stream', 'bytes', 'map', 'promise']) {
    test(`that holds a ${what} is refused, and says so`, async () => {
      const { error } = await run(give(what));
      assert.deepEqual([error?.code, error?.status], ['ERR_CALL_FAILED', 500]);
      assert.match(error?.message ?? '', /The service answered with/);
    });
  }
  test('that throws when it is read is a failure without a word', async () => {
    const { error } = await run(give('getter'));
    assert.deepEqual([error?.code, error?.message], ['ERR_CALL_FAILED', 'The capability failed on the host.']);
  });
  const limits: readonly (readonly [string, string, boolean])[] = [
    ['of resultBytes', 'size(1022)', true],
    ['of one more', 'size(1023)', false],
    ['of hundreds of megabytes', 'size(300_000_000)', false],
    ['of the deepest level', `deep(${servicesBounds.depth.value})`, true],
    ['of one level more', `deep(${servicesBounds.depth.value + 1})`, false],
  ];
  for (const [name, call, fits] of limits) {
    test(`${name} ${fits ? 'comes back' : 'does not'}`, async () => {
      const { error } = await run(`await new services.OddService().${call}; return 'fits'`);
      assert.equal(error?.code, fits ? undefined : 'ERR_CALL_FAILED');
    });
  }
});

describe('arguments', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['none', 'send()'],
    ['null', 'send(null)'],
    ['another type', "send('you')"],
    ['one over its length', "send({ to: 'x'.repeat(21) })"],
    ['an unknown key', "send({ to: 'you', bcc: 'all' })"],
    ['one too many', "send({ to: 'you' }, {})"],
    ['more than any method takes', `send(${Array.from({ length: servicesBounds.args.value + 1 }, () => 1).join()})`],
    ['a function', 'send({ to: () => 1 })'],
    ['a stream', 'send({ to: { pipe: () => 1 } })'],
    ['bytes', 'send(new Uint8Array(4))'],
  ];
  for (const [name, call] of rows) {
    test(`${name} do not reach the service`, async () => {
      assert.equal((await run(`return new services.MailService().${call}`)).error?.code, 'ERR_ARGUMENT_INVALID');
      assert.deepEqual(sent, []);
    });
  }
  const nested = (levels: number): string => `JSON.parse('${'['.repeat(levels)}${']'.repeat(levels)}')`;
  const anything: readonly (readonly [string, string, boolean])[] = [
    ['a field __proto__', `JSON.parse('{"filter":[{"__proto__":{"admin":true}}]}')`, false],
    ['a constructor with a prototype', '{ constructor: { prototype: { admin: true } } }', false],
    ['a field constructor', "{ constructor: 'Gaudí' }", true],
    ['the deepest level', nested(servicesBounds.depth.value - 1), true],
    ['one level more', nested(servicesBounds.depth.value), false],
    ['a depth no recursion comes back from', nested(3_000), false],
  ];
  for (const [name, arg, fits] of anything) {
    test(`of any schema: ${name} ${fits ? 'reaches' : 'does not reach'} the service`, async () => {
      const { error } = await run(`await new services.ItemsService('articles').createOne(${arg}); return 1`);
      assert.equal(error?.code, fits ? undefined : 'ERR_ARGUMENT_INVALID');
    });
  }
  test('that fit do', async () => {
    assert.equal((await run(`return new services.MailService().send({ to: '${'x'.repeat(20)}' })`)).got, `to ${'x'.repeat(20)}`);
    assert.deepEqual(sent, [{ to: 'x'.repeat(20) }]);
  });
  test('say where they do not fit, and not with what', async () => {
    const message = (await run("return new services.MailService().send({ to: 'canary'.repeat(9) })")).error?.message ?? '';
    assert.match(message, /MailService\.send: the arguments\/0\/to must NOT have more than 20 characters/);
    assert.ok(!message.includes('canary'));
  });
});

describe('an error of a service', () => {
  test('in Directus’s shape is caught in that shape', async () => {
    const { error } = await run(give('directus'));
    assert.deepEqual(error, {
      isError: true,
      name: 'DirectusError',
      code: 'ITEM_LOCKED',
      status: 423,
      message: 'It is locked.',
      extensions: { item: 7, when: '1970-01-01T00:00:00.000Z' },
      own: ['code', 'extensions', 'name', 'status'],
    });
  });
  test('in a list is the first of them', async () => assert.equal((await run(give('directusList'))).error?.message, 'first'));
  for (const path of ['/full/next', '/full/loose']) {
    test(`${path === '/full/next' ? 'handed to next()' : 'that nobody catches'} is rendered as Directus renders it`, async () => {
      const reply = await runtime.post(path, { code: "new services.OddService().give('directus')" });
      assert.equal(reply.status, 423);
      assert.deepEqual(reply.json(), {
        errors: [{ message: 'It is locked.', extensions: { item: 7, when: '1970-01-01T00:00:00.000Z', code: 'ITEM_LOCKED' } }],
      });
    });
  }
  for (const what of ['error', 'codedError', 'text', 'nothingThrown', 'hostile']) {
    test(`of another kind (${what}) says nothing but that there was one`, async () => {
      const { error } = await run(give(what));
      assert.deepEqual([error?.code, error?.status, error?.message], ['ERR_CALL_FAILED', 500, 'The capability failed on the host.']);
      const reply = await runtime.post('/full/next', { code: `new services.OddService().give('${what}')` });
      assert.equal(reply.status, 500);
      assert.doesNotMatch(reply.text + JSON.stringify(error), /canary|host\/path|10\.0\.0\.1|node:|\.ts/);
    });
  }
  test('is in the host’s log with what it was', async () => {
    await run(give('error'));
    assert.ok(runtime.logs.some((line) => JSON.stringify(line['err'] ?? '').includes('canary at /host/path.ts')));
  });
  test('is on the ledger without its words', () => {
    const outcomes = new Set(runtime.entries('call.end').map(({ outcome }) => outcome));
    assert.ok(outcomes.has('relayed') && outcomes.has('ERR_CALL_FAILED'));
    assert.ok(!JSON.stringify(runtime.runtime.ledger()).includes('canary'));
  });
  test('that a service never gives ends with the request', async () => {
    const { end } = await runtime.measure('/hasty/as/never', { method: 'POST', body: { code: give('never') } });
    assert.equal(end.outcome, 'ERR_DEADLINE_EXCEEDED');
    const call = await runtime.entry('call.end', ({ request }) => request === end.request);
    assert.equal(call.outcome, 'ERR_LEASE_OVER');
    assert.equal((await run('return new services.TenantService().who()', 'hasty')).error, undefined);
  });
});

describe('the ledger', () => {
  test('keeps service, collection, method, field names and counts, and no value', async () => {
    const code =
      "return new services.ItemsService('articles').createOne({ title: 'canary', tags: ['canary', 'canary'], author: { name: 'canary' } }, [{ id: 'canary' }], 'canary')";
    const { calls } = await runtime.measure('/full/as/written', { method: 'POST', body: { code } });
    assert.deepEqual(
      calls.map(({ capability, method, args, decision, rule }) => ({ capability, method, args, decision, rule })),
      [
        {
          capability: 'services',
          method: 'call',
          decision: 'allow',
          rule: 'services.ItemsService.createOne',
          args: {
            service: 'ItemsService',
            method: 'createOne',
            collection: 'articles',
            args: [
              { fields: { title: 'string', tags: 2, author: 1 }, fieldCount: 3 },
              { items: 1, fields: { id: 'string' }, fieldCount: 1 },
              'string',
            ],
          },
        },
      ],
    );
  });
  test('says of a call that leaves nothing behind that it is one', async () => {
    const { calls } = await runtime.measure('/full/as/read', {
      method: 'POST',
      body: { code: "return new services.ItemsService('articles').readByQuery({})" },
    });
    assert.deepEqual(
      calls.map(({ method }) => method),
      ['read'],
    );
  });
});
