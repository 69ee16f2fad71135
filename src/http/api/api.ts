// What the routes of the operator's API do. Must never run before the token was seen, nor write to the registry what did not register here.
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Static, Type } from 'typebox';
import { type Check, makeCheck } from '../../config/check.ts';
import { CloisterError } from '../../errors.ts';
import { type Changed, sayChanged } from '../../registry/applied.ts';
import {
  type Change,
  decideDeploy,
  decideDisable,
  decideEnable,
  decidePromote,
  decideReturn,
  decideRollback,
} from '../../registry/decide.ts';
import type { ServedHere } from '../../registry/follower.ts';
import type { TriedRelease } from '../../registry/registry.ts';
import type { RegistryState, RegistryStore, Release } from '../../registry/state.ts';
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
  readonly store: RegistryStore | null;
  readonly maxArchiveBytes: number;
  served(): {
    readonly extensions: readonly Static<(typeof components)['Extension']>[];
    readonly refused: readonly { readonly folder: string; readonly error: CloisterError }[];
  };
  /** Brings it up beside what serves and takes it down again. Throws why it cannot be served. */
  tryOut(archive: Uint8Array, asCanary: boolean): Promise<TriedRelease>;
  /** Makes what this host serves what the registry says now. */
  catchUp(): Promise<readonly ServedHere[]>;
  onChange(extension: string, what: string, by: string): void;
  onFault(error: unknown): void;
}

/** false: it is none of these routes. Whoever calls has seen the token. */
export type Api = (request: IncomingMessage, response: ServerResponse, below: string) => void;

const anonymous = 'api';
const textOf = (query: Query, name: string): string | undefined => (typeof query[name] === 'string' ? query[name] : undefined);

const changeOf = (query: Query): Change => {
  const reason = textOf(query, 'reason');
  return { by: textOf(query, 'by') ?? anonymous, at: new Date().toISOString(), ...(reason === undefined ? {} : { reason }) };
};

const deciders: Readonly<Record<Action, (state: RegistryState, extension: string, query: Query) => RegistryState>> = {
  enable: (state, extension, query) => decideEnable(state, extension, changeOf(query)),
  disable: (state, extension, query) => decideDisable(state, extension, changeOf(query)),
  rollback: (state, extension, query) => decideRollback(state, extension, { ...changeOf(query), ...digestOf(query) }),
  promote: (state, extension, query) => decidePromote(state, extension, { ...changeOf(query), ...digestOf(query) }),
  return: (state, extension, query) => decideReturn(state, extension, { ...changeOf(query), ...digestOf(query) }),
};
const digestOf = (query: Query): { readonly digest?: string } => {
  const digest = textOf(query, 'digest');
  return digest === undefined ? {} : { digest };
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

  const storeOf = (): RegistryStore => {
    if (services.store !== null) return services.store;
    throw new CloisterError('ERR_ROUTE_NOT_FOUND', 'This host follows no registry; give the option registry.');
  };

  const afterwards = (extension: string, state: RegistryState): Promise<Changed> => sayChanged(extension, state, services.catchUp);

  const deploy = async (request: IncomingMessage, query: Query): Promise<object> => {
    const store = storeOf();
    const share = typeof query['share'] === 'number' ? { canaryShare: query['share'] } : {};
    const change = { ...changeOf(query), ...share, ...tenantsOf(query) };
    const archive = await readArchive(request, services.maxArchiveBytes);
    const { id, version, artifact, signedBy, mounts } = await services.tryOut(archive, change.canaryShare !== undefined);
    const digest = createHash('sha256').update(archive).digest('hex');
    const { at, by } = change;
    const release: Release = { extension: id, version, digest, artifact, bytes: archive.length, at, by, signedBy, mounts };
    decideDeploy(await store.read(), release, change);
    await store.put(release, archive);
    const state = await store.update((before) => decideDeploy(before, release, change));
    services.onChange(id, change.canaryShare === undefined ? `deploy ${version}` : `deploy ${version} as canary`, change.by);
    return { release, ...(await afterwards(id, state)) };
  };

  const change = async (action: Action, extension: string, query: Query): Promise<object> => {
    checkId({ extension }, 'path');
    const state = await storeOf().update((before) => deciders[action](before, extension, query));
    services.onChange(extension, action, changeOf(query).by);
    return await afterwards(extension, state);
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
        return { releases: (await storeOf().releases(textOf(query, 'extension'))).slice(0, apiBounds.releases.value) };
      case 'status': {
        const store = storeOf();
        const [{ revision, deployments }, hosts] = await Promise.all([store.read(), store.hosts()]);
        return { revision, deployments: [...deployments.values()], hosts };
      }
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
