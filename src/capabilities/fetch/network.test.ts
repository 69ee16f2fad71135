// fetch over the network: addresses, redirects, answers that swell, secrets, quotas. Must never send anything beyond loopback.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { answerHostile, type NameServer, openNameServer, openUpstream, type Upstream } from '../../../test/helpers/upstream.ts';
import type { Caller, CapabilityInstance } from '../../bridge/capability.ts';
import type { FetchGrant, FetchResult, RequestArgs } from './contract.ts';
import { fetchCapability } from './host.ts';
import { makeFetchResources } from './resource.ts';

const args = (url: string, more: Partial<RequestArgs> = {}): RequestArgs => ({
  url,
  method: 'GET',
  headers: [],
  redirect: 'follow',
  ...more,
});

describe('over the network', () => {
  const secretValue = 'sk-live-canary-42-Zq9';
  let upstream: Upstream;
  let other: Upstream;
  let names: NameServer;
  let addresses: Record<string, string[]> = {};
  before(async () => {
    other = await openUpstream(({ method, headers, body }, response) => response.end(JSON.stringify({ method, headers, body })));
    upstream = await openUpstream(answerHostile);
    names = await openNameServer((name) => addresses[name] ?? []);
  });
  after(async () => {
    await upstream.close();
    await other.close();
    await names.close();
  });

  const controller = new AbortController();
  const callerOf = (tenant = 'acme', signal = controller.signal): Caller => ({ extension: 'x', tenant, signal }) as Caller;
  const open = (
    grant: FetchGrant,
    internalOrigins: readonly string[] = [upstream.origin, other.origin],
    secrets: Readonly<Record<string, string>> = {},
  ) => {
    const resources = makeFetchResources({ internalOrigins, dnsServers: [names.address] }, new Map(Object.entries(secrets)));
    return fetchCapability.open({ id: 'x', version: '1.0.0' }, [grant], resources).then((instance) => ({ instance, resources }));
  };
  const ask = async (instance: CapabilityInstance, request: RequestArgs, caller = callerOf()): Promise<FetchResult> =>
    JSON.parse((await instance.call('request', request, caller)).json) as FetchResult;
  const textOf = ({ body }: FetchResult): string => (body !== null && 'text' in body ? body.text : '');
  const both = (): FetchGrant => ({ origins: { [upstream.origin]: { headers: true }, [other.origin]: { headers: true } } });

  const withInstance = async (
    grant: FetchGrant,
    run: (instance: CapabilityInstance) => Promise<void>,
    internal?: readonly string[],
  ): Promise<void> => {
    const { instance } = await open(grant, internal);
    try {
      await run(instance);
    } finally {
      await instance.close();
    }
  };

  describe('to addresses', () => {
    const literals = [
      '127.0.0.1',
      'localhost',
      '[::1]',
      '0.0.0.0',
      '[::ffff:127.0.0.1]',
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '127.1',
    ];
    for (const host of literals) {
      test(`${host} is refused without the operator's word, and nobody connects`, async () => {
        const { origin } = new URL(`http://${host}:${upstream.port}`);
        addresses = { localhost: ['127.0.0.1'] };
        const before = upstream.connections;
        await withInstance(
          { origins: { [origin]: true } },
          (instance) => assert.rejects(ask(instance, args(`${origin}/`)), { code: 'ERR_EGRESS_BLOCKED' }),
          [],
        );
        assert.equal(upstream.connections, before);
      });
    }
    const rebinding: readonly (readonly [string, readonly string[]])[] = [
      ['a name that leads inward', ['127.0.0.1']],
      ['a name with one inward address among public ones', ['1.1.1.1', '127.0.0.1']],
      ['a name that leads to the metadata service', ['169.254.169.254']],
    ];
    for (const [name, found] of rebinding) {
      test(`${name} is refused`, async () => {
        const origin = `http://inward.example:${upstream.port}`;
        addresses = { 'inward.example': [...found] };
        const before = upstream.connections;
        await withInstance({ origins: { [origin]: true } }, (instance) =>
          assert.rejects(ask(instance, args(`${origin}/`)), { code: 'ERR_EGRESS_BLOCKED' }),
        );
        assert.equal(upstream.connections, before);
      });
    }
    test('a name that changes its mind is looked up once for each connection, and its answer is what is connected to', async () => {
      const origin = `http://turning.example:${upstream.port}`;
      addresses = { 'turning.example': ['127.0.0.1'] };
      const asked = names.asked.length;
      await withInstance({ origins: { [origin]: true } }, async (instance) => void (await ask(instance, args(`${origin}/`))), [origin]);
      assert.equal(names.asked.length - asked, 1);
    });
    test('a name without an address is an error, and says no more', async () => {
      addresses = {};
      const origin = `http://nowhere.example:${upstream.port}`;
      await withInstance({ origins: { [origin]: true } }, (instance) =>
        assert.rejects(ask(instance, args(`${origin}/`)), { code: 'ERR_EGRESS_FAILED' }),
      );
    });
  });

  describe('along redirects', () => {
    const to = (target: string, status = 302): string => `${upstream.origin}/to?status=${status}&to=${encodeURIComponent(target)}`;
    test('to an origin of the grant: followed, without credentials and without a body', async () => {
      await withInstance(both(), async (instance) => {
        const headers: RequestArgs['headers'] = [
          ['authorization', 'canary'],
          ['cookie', 'canary'],
          ['x-api-key', 'canary'],
          ['accept', 'a/b'],
        ];
        const answer = await ask(instance, args(to(`${other.origin}/`, 303), { method: 'POST', headers, body: { text: 'canary' } }));
        const seen = JSON.parse(textOf(answer)) as { readonly method: string; readonly headers: Readonly<Record<string, string>> };
        assert.deepEqual([answer.redirected, seen.method, seen.headers['accept']], [true, 'GET', 'a/b']);
        assert.doesNotMatch(textOf(answer), /canary/);
      });
    });
    test('to the same origin: credentials stay', async () => {
      await withInstance(both(), async (instance) => {
        assert.match(textOf(await ask(instance, args(to('/echo'), { headers: [['authorization', 'mine']] }))), /mine/);
      });
    });
    const refused: readonly (readonly [string, () => RequestArgs])[] = [
      ['to an origin that is not granted', () => args(to('http://elsewhere.example/'))],
      ['inward', () => args(to('http://127.0.0.1:1/'))],
      ['to a file', () => args(to('file:///etc/passwd'))],
      ['to a URL with credentials', () => args(to(other.origin.replace('//', '//u:p@')))],
      ['307 with a body to another origin', () => args(to(`${other.origin}/`, 307), { method: 'POST', body: { text: 'canary' } })],
    ];
    for (const [name, request] of refused) {
      test(`${name}: refused`, async () => {
        const before = other.seen.length;
        await withInstance(both(), (instance) => assert.rejects(ask(instance, request()), { code: 'ERR_EGRESS_BLOCKED' }));
        assert.equal(other.seen.length, before);
      });
    }
    test('without end: given up', async () => {
      const here = `/to?status=302&to=${encodeURIComponent('/to?status=302&to=')}`;
      const loop = `${upstream.origin}/to?status=302&to=${encodeURIComponent(here)}`;
      await withInstance(both(), async (instance) => {
        const before = upstream.seen.length;
        await ask(instance, args(loop)).catch((error: { readonly code?: unknown }) => assert.equal(error.code, 'ERR_EGRESS_FAILED'));
        assert.ok(upstream.seen.length - before <= 6);
      });
    });
  });

  describe('answers', () => {
    const grant = (): FetchGrant => ({ ...both(), maxResponseBytes: 100_000 });
    for (const path of ['/bomb', '/layers', '/endless', '/headers']) {
      test(`${path} is cut off`, () =>
        withInstance(grant(), (instance) =>
          assert.rejects(ask(instance, args(`${upstream.origin}${path}`)), { code: 'ERR_EGRESS_FAILED' }),
        ));
    }
    test('that never come end with the lease', async () => {
      const ending = new AbortController();
      setTimeout(() => ending.abort(), 50);
      await withInstance(grant(), (instance) =>
        assert.rejects(ask(instance, args(`${upstream.origin}/never`), callerOf('acme', ending.signal)), { code: 'ERR_EGRESS_FAILED' }),
      );
    });
    test('are given up by their tag', async () => {
      await withInstance(grant(), async (instance) => {
        const caller = callerOf();
        const answer = ask(instance, args(`${upstream.origin}/never`, { tag: 7 }), caller);
        setTimeout(() => void instance.call('cancel', { tag: 7 }, caller), 30);
        await assert.rejects(answer, { code: 'ERR_EGRESS_FAILED' });
      });
    });
  });

  describe('secrets', () => {
    const uses = (): FetchGrant => ({
      origins: { [upstream.origin]: true, [other.origin]: { headers: true } },
      secrets: { KEY: { origin: upstream.origin, header: 'authorization' } },
    });
    const withSecret = async (run: (instance: CapabilityInstance, placeholder: string) => Promise<void>): Promise<void> => {
      const { instance, resources } = await open(uses(), undefined, { KEY: secretValue });
      await run(instance, resources.secrets.get('KEY')?.placeholder ?? assert.fail());
      await instance.close();
    };
    test('are put in for their placeholder, and masked where they come back', () =>
      withSecret(async (instance, placeholder) => {
        const before = upstream.seen.length;
        const answer = await ask(
          instance,
          args(`${upstream.origin}/echo-secret`, { headers: [['authorization', `Bearer ${placeholder}`]] }),
        );
        assert.equal(upstream.seen[before]?.headers.authorization, `Bearer ${secretValue}`);
        assert.doesNotMatch(JSON.stringify(answer), /canary/);
        assert.ok(textOf(answer).startsWith(`Bearer ${placeholder}`));
      }));
    test('are put into Basic credentials too', () =>
      withSecret(async (instance, placeholder) => {
        const before = upstream.seen.length;
        const basic = `Basic ${Buffer.from(`${placeholder}:`).toString('base64')}`;
        const answer = await ask(instance, args(`${upstream.origin}/echo-secret`, { headers: [['authorization', basic]] }));
        assert.equal(upstream.seen[before]?.headers.authorization, `Basic ${Buffer.from(`${secretValue}:`).toString('base64')}`);
        assert.ok(!textOf(answer).includes(Buffer.from(`${secretValue}:`).toString('base64')));
      }));
    test('are masked where a server redirects with them, and in names of headers', () =>
      withSecret(async (instance, placeholder) => {
        const url = `${upstream.origin}/redirect-secret`;
        await assert.rejects(ask(instance, args(url, { headers: [['authorization', placeholder]] })), (error: unknown) => {
          assert.doesNotMatch(`${String(error)} ${JSON.stringify(error)}`, /canary/i);
          return true;
        });
        const answer = await ask(instance, args(`${upstream.origin}/name-secret`, { headers: [['authorization', placeholder]] }));
        assert.doesNotMatch(JSON.stringify(answer), /canary/i);
      }));
    test('go nowhere else', () =>
      withSecret(async (instance, placeholder) => {
        const before = other.seen.length;
        await assert.rejects(ask(instance, args(`${other.origin}/`, { headers: [['authorization', placeholder]] })), {
          code: 'ERR_EGRESS_BLOCKED',
        });
        await assert.rejects(ask(instance, args(`${upstream.origin}/`, { headers: [['x-other', placeholder]] })), {
          code: 'ERR_EGRESS_BLOCKED',
        });
        assert.equal(other.seen.length, before);
      }));
    test('do not follow a redirect to another origin', () =>
      withSecret(async (instance, placeholder) => {
        const url = `${upstream.origin}/to?status=302&to=${encodeURIComponent(`${other.origin}/`)}`;
        const answer = await ask(instance, args(url, { headers: [['authorization', placeholder]] }));
        assert.doesNotMatch(textOf(answer), /canary|authorization/);
      }));
    test('are not there without the grant', async () => {
      const { instance, resources } = await open(both(), undefined, { KEY: secretValue });
      const placeholder = resources.secrets.get('KEY')?.placeholder ?? '';
      await assert.rejects(ask(instance, args(`${upstream.origin}/`, { headers: [['authorization', placeholder]] })), {
        code: 'ERR_EGRESS_BLOCKED',
      });
      await instance.close();
    });
  });

  describe('quotas', () => {
    test('callsPerRequest: that many, and not one more', () =>
      withInstance({ ...both(), callsPerRequest: 2 }, async (instance) => {
        const caller = callerOf();
        for (const _ of [1, 2]) await ask(instance, args(`${upstream.origin}/`), caller);
        await assert.rejects(ask(instance, args(`${upstream.origin}/`), caller), { code: 'ERR_CALLS_EXCEEDED' });
        await ask(instance, args(`${upstream.origin}/`), callerOf());
      }));
    test('callsPerMinute: for each tenant by itself', () =>
      withInstance({ ...both(), callsPerMinute: 2 }, async (instance) => {
        for (const _ of [1, 2]) await ask(instance, args(`${upstream.origin}/`));
        await assert.rejects(ask(instance, args(`${upstream.origin}/`)), { code: 'ERR_CALLS_EXCEEDED' });
        await ask(instance, args(`${upstream.origin}/`), callerOf('globex'));
      }));
    test('maxRequestBytes: that many, and not one more', () =>
      withInstance({ ...both(), maxRequestBytes: 4 }, async (instance) => {
        await ask(instance, args(`${upstream.origin}/`, { method: 'POST', body: { text: 'äb1' } }));
        await assert.rejects(ask(instance, args(`${upstream.origin}/`, { method: 'POST', body: { text: 'äb12' } })), {
          code: 'ERR_ARGUMENT_INVALID',
        });
      }));
    test('the least of several grants holds', async () => {
      const resources = makeFetchResources({ internalOrigins: [upstream.origin], dnsServers: [] }, new Map());
      const instance = await fetchCapability.open(
        { id: 'x', version: '1.0.0' },
        [
          { ...both(), callsPerRequest: 5 },
          { ...both(), callsPerRequest: 1 },
        ],
        resources,
      );
      const caller = callerOf();
      await ask(instance, args(`${upstream.origin}/`), caller);
      await assert.rejects(ask(instance, args(`${upstream.origin}/`), caller), { code: 'ERR_CALLS_EXCEEDED' });
      await instance.close();
    });
  });

  test('an origin in another spelling than its own is refused when it is opened', async () => {
    await assert.rejects(open({ origins: { 'https://a.example:443': true } }), { code: 'ERR_OPTIONS_INVALID' });
  });
});
