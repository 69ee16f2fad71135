// What the routes of the operator's API do. Must never run before the token was seen, nor write to the registry what did not register here.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Static, Type } from '#typebox';
import { type Check, makeCheck } from '../../config/check.ts';
import { CloisterError } from '../../errors.ts';
import type { CanaryTerms, ChangeTerms, Registry } from '../../registry/registry.ts';
import { writeError } from '../http-answer.ts';
import { writeJson } from '../write.ts';
import { apiBounds } from './bounds.ts';
import { makeOpenApi } from './open-api.ts';
import { parseQuery, type Query } from './parse-query.ts';
import { readArchive } from './read-archive.ts';
import { type Action, type ApiRoute, apiRoutes, matchRoute } from './routes.ts';
import { type components, extensionId } from './schemas.ts';
import { asApiError } from './status-of.ts';

export interface ApiServices {
  /** null: this host follows no registry. */
  readonly registry: Registry | null;
  readonly maxArchiveBytes: number;
  served(): {
    readonly extensions: readonly Static<(typeof components)['Extension']>[];
    readonly refused: readonly { readonly folder: string; readonly error: CloisterError }[];
  };
  onChange(extension: string, what: string, by: string): void;
  onFault(error: unknown): void;
}

/** Whoever calls has seen the token. */
export type Api = (request: IncomingMessage, response: ServerResponse, below: string) => void;

const anonymous = 'api';
const textOf = (query: Query, name: string): string | undefined => (typeof query[name] === 'string' ? query[name] : undefined);

const termsOf = (query: Query): ChangeTerms & { readonly by: string } => {
  const reason = textOf(query, 'reason');
  return { by: textOf(query, 'by') ?? anonymous, ...(reason === undefined ? {} : { reason }) };
};

const calls: Readonly<Record<Action, keyof Pick<Registry, 'enable' | 'disable' | 'rollback' | 'promote' | 'returnCanary'>>> = {
  enable: 'enable',
  disable: 'disable',
  rollback: 'rollback',
  promote: 'promote',
  return: 'returnCanary',
};

const tenantsOf = (query: Query): { readonly tenants?: readonly string[] | null } => {
  const { tenant, everybody } = query;
  if (everybody !== true) return Array.isArray(tenant) ? { tenants: tenant as readonly string[] } : {};
  if (tenant !== undefined) throw new CloisterError('ERR_REQUEST_INVALID', 'query: tenant and everybody contradict each other; give one');
  return { tenants: null };
};

export const makeApi = (services: ApiServices): Api => {
  const checks = new Map<ApiRoute, Check>(apiRoutes.map((route) => [route, makeCheck(route.query, 'ERR_REQUEST_INVALID')]));
  const checkId = makeCheck(Type.Object({ extension: extensionId }), 'ERR_REQUEST_INVALID');
  const document = makeOpenApi();
  let changing = 0;

  const registryOf = (): Registry => {
    if (services.registry !== null) return services.registry;
    throw new CloisterError('ERR_ROUTE_NOT_FOUND', 'This host follows no registry; give the option registry.');
  };

  const deploy = async (request: IncomingMessage, query: Query): Promise<object> => {
    const registry = registryOf();
    const share = typeof query['share'] === 'number' ? { canaryShare: query['share'] } : {};
    const terms = { ...termsOf(query), ...share, ...tenantsOf(query) };
    const deployed = await registry.deploy(await readArchive(request, services.maxArchiveBytes), terms);
    const { extension, version } = deployed.release;
    services.onChange(extension, terms.canaryShare === undefined ? `deploy ${version}` : `deploy ${version} as canary`, terms.by);
    return deployed;
  };

  const change = async (action: Action, extension: string, query: Query): Promise<object> => {
    checkId({ extension }, 'path');
    const digest = textOf(query, 'digest');
    const terms: CanaryTerms = { ...termsOf(query), ...(digest === undefined ? {} : { digest }) };
    const changed = await registryOf()[calls[action]](extension, terms);
    services.onChange(extension, action, termsOf(query).by);
    return changed;
  };

  const changed = async (work: () => Promise<object>): Promise<object> => {
    if (changing >= apiBounds.changes.value)
      throw new CloisterError('ERR_CAPACITY_EXCEEDED', 'Other changes are under way; try again in a moment.', { retryAfterSeconds: 1 });
    changing += 1;
    try {
      return await work();
    } finally {
      changing -= 1;
    }
  };

  const answer = async (request: IncomingMessage, { name }: ApiRoute, extension: string, query: Query): Promise<object> => {
    switch (name) {
      case 'document':
        return document;
      case 'extensions': {
        const { extensions, refused } = services.served();
        return { extensions, refused: refused.map(({ folder, error }) => ({ folder, code: error.code, message: error.message })) };
      }
      case 'releases':
        return { releases: (await registryOf().list(textOf(query, 'extension'))).slice(0, apiBounds.releases.value) };
      case 'status':
        return await registryOf().status();
      case 'deploy':
        return await changed(() => deploy(request, query));
      default:
        return await change(name, extension, query);
    }
  };

  const run = async (request: IncomingMessage, response: ServerResponse, below: string): Promise<void> => {
    try {
      const matched = matchRoute(request.method ?? 'GET', below);
      if (matched === null)
        throw new CloisterError('ERR_ROUTE_NOT_FOUND', 'The API has no such route; /_cloister/api/openapi.json has all.');
      const { route, extension } = matched;
      const query = parseQuery(request.url ?? '', route.query, checks.get(route) ?? (() => undefined));
      const value = await answer(request, route, extension, query);
      writeJson(response, 200, value);
    } catch (error) {
      // What of an archive was not read is thrown away, so that the answer is read.
      request.resume();
      if (error instanceof CloisterError) return writeError(response, asApiError(error));
      services.onFault(error);
      writeError(response, new CloisterError('ERR_INTERNAL', 'The host could not do it; its log has the cause.'));
    }
  };

  return (request, response, below) => void run(request, response, below);
};
