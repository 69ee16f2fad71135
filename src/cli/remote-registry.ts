// The registry over a running host's API: the same calls, the same JSON. Must never wait for a host for ever, nor show its token.
import { CloisterError, type ErrorCode, errorTable } from '../errors.ts';
import type { Changed } from '../registry/applied.ts';
import type { CanaryTerms, Deployed, Registry, RegistryStatus } from '../registry/registry.ts';
import type { Release } from '../registry/state.ts';

export interface RemoteOptions {
  /** Of the host: `https://host.example`. */
  readonly url: string;
  readonly token: string;
  /** The archive of a folder or a file. */
  pack(source: string): Promise<Uint8Array>;
}

/** A deploy boots what it brings. */
const answerMs = 120_000;
const isCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(errorTable, code);

type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

export const openRemoteRegistry = ({ url, token, pack }: RemoteOptions): Registry => {
  if (!/^https?:\/\//.test(url))
    throw new CloisterError('ERR_OPTIONS_INVALID', `--host ${url}: expected a URL that begins with http:// or https://`);
  const base = url.replace(/\/+$/, '');

  const ask = async (method: 'GET' | 'POST', path: string, query: Query = {}, body?: Uint8Array): Promise<unknown> => {
    const search = new URLSearchParams(
      Object.entries(query).flatMap(([name, said]): [string, string][] =>
        said === undefined ? [] : typeof said === 'string' ? [[name, said]] : said.map((one): [string, string] => [name, one]),
      ),
    ).toString();
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${base}/_cloister/api${path}${search === '' ? '' : `?${search}`}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        redirect: 'error',
        signal: AbortSignal.timeout(answerMs),
        ...(body === undefined ? {} : { body: Buffer.from(body) }),
      });
      text = await response.text();
    } catch (error) {
      const cause = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : 'unknown cause';
      throw new CloisterError('ERR_REGISTRY_UNAVAILABLE', `--host ${base}: does not answer (${cause}); see whether it runs there`);
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new CloisterError(
        'ERR_REGISTRY_UNAVAILABLE',
        `--host ${base}: answered ${response.status} and no JSON; is it a Cloister host?`,
      );
    }
    if (response.ok) return value;
    const { errors: [first] = [] } = value as {
      readonly errors?: readonly { readonly message?: string; readonly extensions?: { readonly code?: unknown } }[];
    };
    const code = first?.extensions?.code;
    throw new CloisterError(
      isCode(code) ? code : 'ERR_REGISTRY_UNAVAILABLE',
      `${base}: ${first?.message ?? `answered ${response.status}`}`,
    );
  };

  const act =
    (action: string) =>
    async (extension: string, { by, reason, digest }: CanaryTerms = {}): Promise<Changed> =>
      (await ask('POST', `/extensions/${encodeURIComponent(extension)}/${action}`, { by, reason, digest })) as Changed;

  return {
    async deploy(source, { by, reason, canaryShare, tenants } = {}) {
      const archive = typeof source === 'string' ? await pack(source) : source;
      const whom: Query = tenants === null ? { everybody: 'true' } : { tenant: tenants };
      return (await ask(
        'POST',
        '/deploy',
        { by, reason, share: canaryShare === undefined ? undefined : String(canaryShare), ...whom },
        archive,
      )) as Deployed;
    },
    enable: act('enable'),
    disable: act('disable'),
    rollback: act('rollback'),
    promote: act('promote'),
    returnCanary: act('return'),
    list: async (extension) => ((await ask('GET', '/releases', { extension })) as { readonly releases: readonly Release[] }).releases,
    status: async () => (await ask('GET', '/status')) as RegistryStatus,
  };
};
