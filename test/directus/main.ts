// `npm run test:directus`: one endpoint extension inside a real Directus unsandboxed, and in Cloister in the same Directus; every answer of the one is held against the other's. Must never pass where nothing was compared.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { openEmbeddedPostgres } from '../../src/cli/demo/postgres.ts';
import { type Answer, ask } from './ask.ts';
import { type Call, checks } from './checks.ts';
import { admin, directusVersion, installDirectus, type RunningDirectus, startDirectus } from './directus.ts';
import { endpointSource, manifestOf } from './endpoint.ts';
import { hookManifest, hookSource, witnessSource } from './hooks.ts';
import { type Ask, asks } from './requests.ts';

const root = join(import.meta.dirname, '../..');
const cache = join(root, 'node_modules/.cache/directus');

const writePackage = (folder: string, manifest: object, source: string): void => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'index.js'), source);
};

/** The hook that makes Directus a host of Cloister, and the folder that only Cloister loads. */
const writeHost = (extensions: string, sandboxed: string): void => {
  const folder = join(extensions, 'cloister-host');
  mkdirSync(folder, { recursive: true });
  const manifest = {
    name: 'cloister-host',
    version: '1.0.0',
    type: 'module',
    'directus:extension': { type: 'hook', path: 'index.js', source: 'index.js', host: '>=12' },
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const adapter = pathToFileURL(join(root, 'src/directus/directus-host.ts')).href;
  const options = { extensions: [sandboxed], approvals: 'requested' };
  writeFileSync(
    join(folder, 'index.js'),
    `import { directusHost } from ${JSON.stringify(adapter)};
const { extensions, approvals } = ${JSON.stringify(options)};
export default (events, context) => directusHost({ extensions, approvals, reads: { rows: 500 }, env: { PUBLIC_URL: context.env.PUBLIC_URL, QUERY_LIMIT_DEFAULT: context.env.QUERY_LIMIT_DEFAULT ?? 100 } })(events, context);
`,
  );
};

const makeApi = (url: string) => {
  const call = async (
    method: string,
    path: string,
    token: string | null,
    body?: unknown,
  ): Promise<{ readonly data?: Record<string, unknown> }> => {
    const reply = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${method} ${path}: ${String(reply.status)} ${text}`);
    return text === '' ? {} : (JSON.parse(text) as { readonly data?: Record<string, unknown> });
  };
  const login = async (email: string, password: string): Promise<string> =>
    String((await call('POST', '/auth/login', null, { email, password })).data?.['access_token']);
  return { call, login };
};

/** Collections by Directus's own API, so that it knows them; a role that may read the half of it. */
const fill = async ({ url }: RunningDirectus): Promise<Readonly<Record<Ask['as'], string | null>>> => {
  const { call, login } = makeApi(url);
  const token = await login(admin.email, admin.password);
  const make = (path: string, body: unknown) => call('POST', path, token, body);
  const text = (field: string, nullable = true) => ({ field, type: 'string', schema: { is_nullable: nullable }, meta: {} });
  const id = { field: 'id', type: 'integer', schema: { is_primary_key: true, has_auto_increment: true }, meta: { hidden: true } };
  await make('/collections', { collection: 'authors', schema: {}, meta: {}, fields: [id, text('name')] });
  await make('/collections', {
    collection: 'articles',
    schema: {},
    meta: {},
    fields: [
      id,
      text('title', false),
      text('status'),
      text('hidden'),
      { field: 'author', type: 'integer', schema: {}, meta: { special: ['m2o'] } },
    ],
  });
  await make('/collections', { collection: 'secrets', schema: {}, meta: {}, fields: [id, text('value')] });
  await make('/fields/authors', { field: 'articles', type: 'alias', meta: { special: ['o2m'] } });
  await make('/relations', {
    collection: 'articles',
    field: 'author',
    related_collection: 'authors',
    meta: { one_field: 'articles' },
    schema: {},
  });
  await make('/items/authors', [{ name: 'Ann' }, { name: 'Bob' }]);
  await make(
    '/items/articles',
    Array.from({ length: 20 }, (_, index) => ({
      title: `title ${String(index + 1)}`,
      status: index % 3 === 0 ? 'draft' : 'published',
      hidden: `hidden ${String(index)}`,
      author: (index % 2) + 1,
    })),
  );
  await make('/items/secrets', [{ value: 'not for readers' }]);
  const policy = (await make('/policies', { name: 'reading', app_access: false })).data?.['id'];
  // Rules by rows and fields need a licence of Directus's; whole collections do not.
  const permissions = [
    ['articles', 'read'],
    ['articles', 'create'],
    ['articles', 'update'],
    ['authors', 'read'],
    ['directus_users', 'read'],
  ].map(([collection, action]) => ({ collection, action, fields: ['*'], permissions: {} }));
  for (const permission of permissions) await make('/permissions', { policy, ...permission });
  const role = (await make('/roles', { name: 'reader' })).data?.['id'];
  await make('/access', { role, policy });
  for (const where of ['plain', 'boxed'])
    await make('/users', { email: `${where}@example.com`, password: 'a-long-password-of-two', role, status: 'active' });
  await make('/users', { email: 'reader@example.com', password: 'another-long-password', first_name: 'Rea', role, status: 'active' });
  return { nobody: null, admin: token, reader: await login('reader@example.com', 'another-long-password') };
};

/** Where the two may differ, and why. */
const known: readonly {
  readonly fits: (asked: Ask) => boolean;
  readonly why: string;
  readonly holds: (inside: Answer, boxed: Answer) => boolean;
}[] = [
  {
    fits: ({ path }) => path === '/throws',
    why: 'an unhandled error is answered by Directus itself with its own words, and by Cloister with ERR_GUEST_FAILED, both 500',
    holds: (inside, boxed) => inside.status === 500 && boxed.status === 500,
  },
  {
    fits: ({ as, path, body }) => as !== 'nobody' && path === '/make' && (body as { readonly author?: unknown }).author === undefined,
    why: 'Directus throws a list of validation errors, which a handler that looks for one error takes for none; an extension in a cell gets the first of them',
    holds: (inside, boxed) => inside.status === 500 && (boxed.body as { readonly code?: unknown }).code === 'FAILED_VALIDATION',
  },
];

const isPartOf = (part: unknown, all: unknown): boolean =>
  Array.isArray(part) && Array.isArray(all) && part.length > 0 && part.length < all.length && part.every((one) => all.includes(one));

const cutSchema: (typeof known)[number] = {
  fits: ({ path }) => path === '/schema-names' || path === '/schema-relations',
  why: 'an extension in a cell is told the collections and relations that its grants cover, and not the others',
  holds: (inside, boxed) => isPartOf(boxed.body, inside.body),
};

const fieldsOf = ({ body }: Answer): Readonly<Record<string, { readonly alias?: boolean }>> =>
  (body as { readonly fields?: Readonly<Record<string, { readonly alias?: boolean }>> }).fields ?? {};

const cutFields: (typeof known)[number] = {
  fits: ({ path }) => path === '/schema-users',
  why: 'the far side of a relation to a collection that is not granted is left out (policies of a user)',
  holds: (inside, boxed) =>
    Object.keys(fieldsOf(boxed)).length > 10 &&
    Object.entries(fieldsOf(inside)).every(([name, field]) =>
      Object.hasOwn(fieldsOf(boxed), name) ? isDeepStrictEqual(fieldsOf(boxed)[name], field) : field.alias === true,
    ),
};

const brokenHook: (typeof known)[number] = {
  fits: ({ path, body, core }) =>
    core === true &&
    path.startsWith('/items/articles') &&
    String((body as { readonly title?: unknown } | undefined)?.title).endsWith(': throw'),
  why: 'a hook that breaks down stops the operation in both; Directus says so in its own words, Cloister with ERR_CALL_FAILED and the name of the extension',
  holds: (inside, boxed) => inside.status === 500 && boxed.status === 500,
};

const show = ({ as, method = 'GET', path }: Ask): string => `${as} ${method} ${decodeURIComponent(path)}`;

const compare = async (url: string, tokens: Readonly<Record<Ask['as'], string | null>>): Promise<number> => {
  let same = 0;
  let allowed = 0;
  let different = 0;
  for (const asked of asks) {
    const inside = await ask(url, 'plain', asked, tokens[asked.as]);
    const boxed = await ask(url, 'boxed', asked, tokens[asked.as]);
    const exception = [...known, brokenHook, cutSchema, cutFields].find(({ fits }) => fits(asked));
    if (isDeepStrictEqual(inside, boxed)) same += 1;
    else if (exception?.holds(inside, boxed) === true) {
      allowed += 1;
      console.log(`~ ${show(asked)}: ${exception.why}`);
    } else {
      different += 1;
      console.log(`✖ ${show(asked)}\n    in Directus  ${JSON.stringify(inside)}\n    in Cloister  ${JSON.stringify(boxed)}`);
    }
  }
  console.log(
    `Directus ${directusVersion}: ${String(asks.length)} requests, ${String(same)} the same, ${String(allowed)} that differ as said above, ${String(different)} that differ`,
  );
  return different;
};

const check = async (directus: RunningDirectus, token: string | null): Promise<number> => {
  const call: Call = async (method, path, as, body) => {
    const reply = await fetch(`${directus.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(as === null ? {} : { authorization: `Bearer ${as}` }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    return { status: reply.status, body: text === '' ? {} : (JSON.parse(text) as unknown) };
  };
  let failed = 0;
  for (const { name, run } of checks) {
    const wrong = await run(directus, call, token ?? '');
    console.log(wrong === null ? `✔ ${name}` : `✖ ${name}: ${wrong}`);
    if (wrong !== null) failed += 1;
  }
  return failed;
};

const folder = mkdtempSync(join(tmpdir(), 'cloister-directus-'));
const postgres = await openEmbeddedPostgres({ folder: join(folder, 'postgres'), durable: false });
let directus: RunningDirectus | null = null;
try {
  const cli = await installDirectus(cache);
  const sandboxed = join(folder, 'sandboxed');
  const extensions = join(folder, 'extensions');
  writePackage(join(extensions, 'plain'), manifestOf('plain'), endpointSource);
  writePackage(join(sandboxed, 'boxed'), manifestOf('boxed'), endpointSource);
  writePackage(join(extensions, 'plain-hook'), hookManifest('plain-hook'), hookSource('plain'));
  writePackage(join(sandboxed, 'boxed-hook'), hookManifest('boxed-hook'), hookSource('boxed'));
  writePackage(join(extensions, 'witness'), hookManifest('witness'), witnessSource);
  // Directus looks for installed extensions in the package it is started in.
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  mkdirSync(join(folder, 'uploads'));
  writeHost(extensions, sandboxed);
  directus = await startDirectus({ cli, folder, databaseUrl: postgres.url });
  const tokens = await fill(directus);
  // Grants of tables are decided when an extension is loaded: the tables have to be there.
  await directus.close();
  directus = await startDirectus({ cli, folder, databaseUrl: postgres.url });
  const different = (await compare(directus.url, tokens)) + (await check(directus, tokens.admin));
  if (different > 0)
    console.log(
      directus
        .output()
        .split('\n')
        .filter((line) => /cloister|xtension|"level":[456]0/.test(line) && !line.includes('"req"'))
        .slice(-60)
        .join('\n'),
    );
  process.exitCode = different === 0 && asks.length >= 40 ? 0 : 1;
} catch (error) {
  console.log(directus?.output().slice(-8_000) ?? '');
  throw error;
} finally {
  await directus?.close();
  await postgres.close();
  rmSync(folder, { recursive: true, force: true });
}
