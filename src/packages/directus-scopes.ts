// `sandbox` of a `directus:extension`: the scopes of Directus's own sandbox, as a wish for grants. Must never wish for more than the scopes name, nor grant anything.
import { type Static, Type } from '#typebox';
import { makeCheck } from '../config/check.ts';
import type { DirectusScope, Manifest } from '../config/manifest.ts';
import { showText } from '../config/show.ts';
import { CloisterError } from '../errors.ts';
import type { DirectusKey } from './package-json.ts';

const where = 'package.json#/directus:extension/sandbox';

const sandboxSchema = Type.Object({
  enabled: Type.Boolean(),
  requestedScopes: Type.Optional(
    Type.Object({
      log: Type.Optional(Type.Object({})),
      sleep: Type.Optional(Type.Object({})),
      request: Type.Optional(
        Type.Object({
          methods: Type.Array(Type.Enum(['GET', 'POST', 'PATCH', 'PUT', 'DELETE']), { uniqueItems: true, maxItems: 5 }),
          urls: Type.Array(Type.String({ minLength: 1, maxLength: 2_048 }), { maxItems: 64 }),
        }),
      ),
    }),
  ),
});
type Scopes = NonNullable<Static<typeof sandboxSchema>['requestedScopes']>;
type RequestScope = NonNullable<Scopes['request']>;

const refuseUrl = (index: number, url: string, cause: string): never => {
  throw new CloisterError(
    'ERR_MANIFEST_INVALID',
    `${where}/requestedScopes/request/urls/${index}: "${showText(url, 200)}" ${cause}; write what it needs under "cloister", as capabilities.fetch`,
    { where },
  );
};

/** `https://api.example.com/v1/*` → that origin and `/v1`. null: any path. A wildcard anywhere but at the end is no prefix. */
const parseScopeUrl = (url: string, index: number): { readonly origin: string; readonly path: string | null } => {
  const stem = url.replace(/\/\*{1,2}$/, '');
  if (/[*?#%{}[\]()!\\\s]/.test(stem)) return refuseUrl(index, url, 'is no origin with a path that begins there');
  const parsed = URL.canParse(stem) ? new URL(stem) : refuseUrl(index, url, 'is no absolute URL');
  const { protocol, origin, pathname, username, password } = parsed;
  if ((protocol !== 'https:' && protocol !== 'http:') || username !== '' || password !== '')
    return refuseUrl(index, url, 'is no http or https URL without credentials');
  return { origin, path: pathname === '/' ? null : pathname };
};

interface Wished {
  readonly methods: readonly string[];
  readonly headers: true;
  readonly paths?: readonly string[];
}

const fetchWish = ({ methods, urls }: RequestScope): { readonly origins: Readonly<Record<string, Wished>> } => {
  const pathsOf = new Map<string, Set<string> | null>();
  for (const [index, url] of urls.entries()) {
    const { origin, path } = parseScopeUrl(url, index);
    const paths = pathsOf.get(origin);
    if (path === null || paths === null) pathsOf.set(origin, null);
    else pathsOf.set(origin, (paths ?? new Set()).add(path));
  }
  return {
    origins: Object.fromEntries(
      [...pathsOf].map(([origin, paths]) => [origin, { methods, headers: true, ...(paths === null ? {} : { paths: [...paths] }) }]),
    ),
  };
};

/** Directus lets every hook of this form hear every event; an operator approves which. */
const everyEvent = { listen: ['**'] };

export type ScopesReader = (directus: DirectusKey | undefined, manifest: Manifest | null) => Manifest | null;

/** Compiles the schema once. With a `cloister` key that one is the wish, and the scopes only say what `directus:api` hands out. */
export const makeScopesReader = (): ScopesReader => {
  const check = makeCheck(sandboxSchema, 'ERR_MANIFEST_INVALID');
  return (directus, manifest) => {
    const { type, sandbox } = directus ?? {};
    // Directus drops the key of a bundle, and so it means nothing here either.
    if (sandbox === undefined || (type !== 'endpoint' && type !== 'hook')) return manifest;
    if (typeof sandbox !== 'object' || sandbox === null || !('enabled' in sandbox) || sandbox.enabled === false) return manifest;
    check(sandbox, where);
    const scopes: Scopes = (sandbox as Static<typeof sandboxSchema>).requestedScopes ?? {};
    const names = (['log', 'sleep', 'request'] as const).filter((name) => scopes[name] !== undefined);
    const directusApi: readonly DirectusScope[] = manifest?.directusApi ?? names;
    if (manifest !== null) return { ...manifest, directusApi };
    return {
      capabilities: {
        ...(scopes.log === undefined ? {} : { log: {} }),
        ...(scopes.request === undefined ? {} : { fetch: fetchWish(scopes.request) }),
        ...(type === 'hook' ? { emitter: everyEvent } : {}),
      },
      directusApi,
    };
  };
};
