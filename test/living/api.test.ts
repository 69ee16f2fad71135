// The operator's API over real HTTP, held against its own document. Must never answer in a way the document does not have.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { apiBounds } from '../../src/http/api/bounds.ts';
import { archiveKey, makeArchive, type TestArchive } from '../helpers/archives.ts';
import type { Reply } from '../helpers/client.ts';
import { extension, openTestRuntime, type TestRuntime, waitUntil } from '../helpers/runtime.ts';
import { openTemporaryFolder } from '../packages/package-writer.ts';

const adminToken = 'an-operators-token-for-tests';
const bearer = { authorization: `Bearer ${adminToken}` };
const shop = (version: string, body = `res.send('${version}')`): TestArchive =>
  makeArchive('shop', version, `export default (router) => router.get('/', (req, res) => { ${body} });`);
const one = shop('1.0.0');
const two = shop('2.0.0');

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, object>> }>>>>;
}

let runtime: TestRuntime;
let folder: Awaited<ReturnType<typeof openTemporaryFolder>>;
let document: Document;
const ajv = new Ajv2020({ strict: false });
const driven = new Set<string>();

before(async () => {
  folder = await openTemporaryFolder();
  runtime = await openTestRuntime({
    extensions: {
      steady: extension(`export default (router) => router.get('/', (req, res) => res.send('steady'));`),
      broken: extension('throw 1'),
    },
    options: {
      adminToken,
      trustedKeys: [archiveKey],
      registry: { folder: folder.root },
      limits: { registerMs: 20_000, wallMs: 30_000, cpuMs: 2_000 },
      packages: { archiveBytes: 65_536 },
    },
  });
  document = (await runtime.get('/_cloister/api/openapi.json', bearer)).json() as Document;
  ajv.addSchema(document, 'doc');
});
after(async () => {
  await runtime.close();
  await folder.remove();
});

const pointer = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1');

/** Asks, and holds the answer against what the document says of that status. */
const call = async (method: 'get' | 'post', route: string, path = route, body?: Buffer): Promise<Reply> => {
  const reply = await runtime.request(`/_cloister/api${path}`, {
    method: method.toUpperCase(),
    headers: { ...bearer, ...(body === undefined ? {} : { 'content-type': 'application/octet-stream' }) },
    ...(body === undefined ? {} : { body }),
  });
  const place = `paths/${encodeURIComponent(pointer(route))}/${method}/responses/${reply.status}`;
  assert.ok(document.paths[route]?.[method]?.responses[String(reply.status)], `${method} ${route} answers ${reply.status}: ${reply.text}`);
  const schema = `doc#/${place}/content/application~1json/schema`;
  const validate = ajv.compile({ $ref: schema });
  assert.ok(validate(reply.json()), `${method} ${path} ${reply.status}: ${ajv.errorsText(validate.errors)}`);
  driven.add(`${method} ${route} ${reply.status}`);
  return reply;
};
const act = (action: string, query = '', id = 'shop'): Promise<Reply> =>
  call('post', `/extensions/{extension}/${action}`, `/extensions/${id}/${action}${query}`);
const deploy = (archive: TestArchive, query = ''): Promise<Reply> => call('post', '/deploy', `/deploy${query}`, archive.bytes);
const deployed = async (): Promise<unknown> => {
  const { revision, deployments } = (await call('get', '/status')).json() as Readonly<Record<string, unknown>>;
  return { revision, deployments };
};
const served = async (): Promise<string> => (await runtime.get('/shop')).text;

test('the document is OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(document)));
  assert.ok(valid, JSON.stringify(errors));
});

describe('without the token', () => {
  const asked: readonly (readonly [string, string, object])[] = [
    ['nothing', '/_cloister/api/extensions', {}],
    ['another token', '/_cloister/api/status', { authorization: 'Bearer something-else-altogether' }],
    ['the token in another scheme', '/_cloister/api/openapi.json', { authorization: adminToken }],
  ];
  for (const [name, path, headers] of asked)
    test(`${name} is refused`, async () => {
      const { status, code } = await runtime.get(path, { ...headers });
      assert.deepEqual([status, code], [401, 'ERR_TOKEN_REFUSED']);
    });
  test('an archive is not taken either', async () => {
    const { status } = await runtime.request('/_cloister/api/deploy', { method: 'POST', body: one.bytes });
    assert.equal(status, 401);
    assert.equal((await runtime.get('/shop')).status, 404);
  });
  test('where no token is configured nothing is there', async () => {
    const other = await openTestRuntime({ extensions: {} });
    try {
      assert.equal((await other.get('/_cloister/api/extensions', bearer)).status, 404);
    } finally {
      await other.close();
    }
  });
});

describe('a release is deployed over the API', { concurrency: false }, () => {
  test('and served when the answer is there', async () => {
    const reply = await deploy(one, '?by=ana&reason=first');
    assert.equal(reply.status, 200, reply.text);
    const { release, deployment, applied } = reply.json() as Record<string, Record<string, unknown>>;
    assert.deepEqual([release?.['version'], deployment?.['changedBy'], deployment?.['reason']], ['1.0.0', 'ana', 'first']);
    assert.deepEqual([applied?.['current'], applied?.['failed']], [one.digest, []]);
    assert.equal(await served(), '1.0.0');
    assert.ok(runtime.entries('life').some(({ event, extension: id }) => event === 'operator.deploy' && id === 'shop'));
  });
  const refused: readonly (readonly [string, Buffer, number, string])[] = [
    [
      'does not register',
      makeArchive('shop', '9.0.0', `export default () => { throw new Error('not today'); };`).bytes,
      422,
      'ERR_REGISTER_FAILED',
    ],
    ['does not parse', makeArchive('shop', '9.0.1', 'export default (').bytes, 422, 'ERR_PACKAGE_BUNDLE'],
    [
      'was changed after it was signed',
      Buffer.from(two.bytes.toString('utf8').replace(/"signature":"./, '"signature":"/')),
      422,
      'ERR_ARCHIVE_INVALID',
    ],
    ['is no archive', Buffer.from('hello'), 422, 'ERR_ARCHIVE_INVALID'],
    ['is empty', Buffer.alloc(0), 422, 'ERR_ARCHIVE_INVALID'],
    ['is too large', Buffer.alloc(70_000, 0x20), 413, 'ERR_BODY_TOO_LARGE'],
    [
      'has the id of a folder’s',
      makeArchive('steady', '2.0.0', 'export default (router) => router.get("/", () => {});').bytes,
      422,
      'ERR_EXTENSION_CONFLICT',
    ],
  ];
  for (const [name, bytes, status, code] of refused)
    test(`one that ${name} is refused with why, and everything stays`, async () => {
      const before = await deployed();
      const reply = await call('post', '/deploy', '/deploy', bytes);
      assert.deepEqual([reply.status, reply.code], [status, code], reply.text);
      assert.deepEqual(await deployed(), before);
      assert.equal(await served(), '1.0.0');
    });
  test('four are taken at once, and a fifth is told to come again', async () => {
    const half = two.bytes.subarray(0, two.bytes.length / 2);
    const slow = Array.from({ length: apiBounds.changes.value }, () => {
      const request = http.request(`${runtime.origin}/_cloister/api/deploy`, {
        method: 'POST',
        headers: { ...bearer, 'content-length': String(two.bytes.length) },
      });
      request.on('error', () => undefined);
      request.write(half);
      return request;
    });
    let fifth: Reply | undefined;
    for (let tried = 0; tried < 200 && fifth?.code !== 'ERR_CAPACITY_EXCEEDED'; tried += 1)
      fifth = await deploy({ ...two, bytes: Buffer.from('hello') });
    for (const request of slow) request.destroy();
    assert.deepEqual([fifth?.status, fifth?.headers['retry-after']], [503, '1']);
    for (let tried = 0; tried < 200 && fifth?.code === 'ERR_CAPACITY_EXCEEDED'; tried += 1)
      fifth = await deploy({ ...two, bytes: Buffer.from('hello') });
    assert.equal(fifth?.code, 'ERR_ARCHIVE_INVALID', 'whoever breaks off gives the place back');
  });
  const queries: readonly string[] = [
    '?share=1',
    '?share=0',
    '?share=ten',
    '?unknown=1',
    '?by=a&by=b',
    '?tenant=a&everybody=true',
    '?__proto__=x',
  ];
  for (const query of queries)
    test(`the query ${query} is refused`, async () => {
      const { status, code } = await deploy(two, query);
      assert.deepEqual([status, code], [400, 'ERR_REQUEST_INVALID']);
    });
  test('a canary beside it is shown with what both did, and promoted', async () => {
    assert.equal((await deploy(two, '?share=0.5')).status, 200);
    for (let asked = 0; asked < 20; asked += 1) await served();
    const { extensions } = (await call('get', '/extensions')).json() as { readonly extensions: readonly Record<string, unknown>[] };
    const canary = extensions.find(({ id }) => id === 'shop')?.['canary'] as {
      readonly version: string;
      readonly did: { readonly requests: number };
    };
    assert.equal(canary.version, '2.0.0');
    assert.ok(canary.did.requests > 0);
    assert.equal((await act('promote')).status, 200);
    assert.equal(await served(), '2.0.0');
  });
  test('rolled back, disabled and enabled', async () => {
    assert.equal((await act('rollback', '?by=ana')).status, 200);
    assert.equal(await served(), '1.0.0');
    assert.equal((await act('rollback')).code, 'ERR_PREVIOUS_MISSING');
    assert.equal((await act('disable')).status, 200);
    assert.equal((await runtime.get('/shop')).status, 404);
    assert.equal((await act('enable')).status, 200);
    assert.equal(await served(), '1.0.0');
  });
  test('a canary is taken back, and there is none after', async () => {
    assert.equal((await deploy(two, '?share=0.5')).status, 200);
    assert.equal((await act('return', `?digest=${'0'.repeat(64)}`)).code, 'ERR_CANARY_MISSING');
    assert.equal((await act('return')).status, 200);
    assert.equal((await act('return')).code, 'ERR_CANARY_MISSING');
    assert.equal((await act('promote')).code, 'ERR_CANARY_MISSING');
  });
  test('a bad canary is taken back in the registry too, with why', async () => {
    const bad = shop('3.0.0', `throw new Error('bad')`);
    assert.equal((await deploy(bad, '?share=0.5')).status, 200);
    for (let asked = 0; asked < 100; asked += 1) await served();
    let last: Readonly<Record<string, unknown>> | undefined;
    await waitUntil('it is on record', () =>
      runtime.entries('life').some(({ event, version }) => event === 'canary.return' && version === '3.0.0'),
    );
    for (let tried = 0; tried < 100 && (last === undefined || last['canary'] !== null); tried += 1) {
      const { deployments } = (await call('get', '/status')).json() as {
        readonly deployments: readonly Readonly<Record<string, unknown>>[];
      };
      last = deployments.find(({ extension: id }) => id === 'shop');
      await sleep(50);
    }
    assert.equal(last?.['canary'], null);
    assert.match(String(last?.['reason']), /^errors in /);
    assert.equal(await served(), '1.0.0');
  });
  test('only for tenants that are named, and for everybody again', async () => {
    await deploy(one, '?tenant=globex&tenant=acme');
    assert.equal((await runtime.get('/shop')).status, 404);
    await deploy(one, '?everybody=true');
    assert.equal(await served(), '1.0.0');
  });
  test('what nobody deployed cannot be changed, nor what is no id', async () => {
    assert.equal((await act('enable', '', 'nobody')).code, 'ERR_DEPLOYMENT_UNKNOWN');
    assert.equal((await act('enable', '', '%2e%2e')).code, 'ERR_REQUEST_INVALID');
  });
  test('releases are listed, of one extension or all', async () => {
    const { releases } = (await call('get', '/releases', '/releases?extension=shop')).json() as {
      readonly releases: readonly { readonly version: string }[];
    };
    assert.deepEqual(releases.map(({ version }) => version).sort(), ['1.0.0', '2.0.0', '3.0.0']);
    assert.equal((await call('get', '/releases')).status, 200);
  });
  test('the host’s own folders are shown, and what it refused', async () => {
    const { extensions, refused: not } = (await call('get', '/extensions')).json() as Record<string, readonly Record<string, unknown>[]>;
    assert.deepEqual(extensions?.map(({ id }) => id).sort(), ['shop', 'steady']);
    assert.equal(not?.[0]?.['code'], 'ERR_REGISTER_FAILED');
  });
  test('every documented route was driven to its 200', async () => {
    await call('get', '/openapi.json');
    const all = Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path} 200`));
    assert.deepEqual(
      all.filter((one) => !driven.has(one)),
      [],
    );
  });
});
