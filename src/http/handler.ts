// The request listener: for Express 4 and 5 and for a bare node:http server. Must never import Express, nor hand one of its objects on.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bodyModes } from '../../sandbox/protocol/kinds.ts';
import type { Identify, Identity } from '../config/runtime-options.ts';
import type { Question } from '../dispatch/answer.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { TenantViews } from '../dispatch/tenant-views.ts';
import { CloisterError } from '../errors.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { makeFramingGuard } from './framing.ts';
import { HttpAnswer, writeError } from './http-answer.ts';
import type { Mount, Mounted } from './mounted.ts';
import type { OperatorRoutes } from './operator-routes.ts';
import { clientKeyOf, pickVersion } from './pick-version.ts';
import { hasNoBody, type RequestBody, readBody } from './request-body.ts';
import { checkPath, makeRequestHead, parseTarget, type Target } from './request-head.ts';
import { makeTenantMounts } from './tenant-mounts.ts';
import { makeUnsentShares } from './unsent.ts';

export interface HandlerOptions {
  readonly dispatcher: Dispatcher;
  readonly identify: Identify | undefined;
  readonly htmlPolicy: string | null;
  mount(id: string): Mounted | undefined;
  readonly operatorRoutes: OperatorRoutes;
  readonly tracing: Tracing | null;
  /** null: every tenant has every extension. */
  readonly tenants: TenantViews | null;
  /** Of requests of known clients, where two versions stand beside each other. */
  onTrial(extension: string, request: string, client: string): void;
  onFault(error: unknown): void;
}

export type Next = (error?: unknown) => void;
export type Handler = (request: IncomingMessage, response: ServerResponse, next?: Next) => void;

/** No extension can have it. */
const operatorMount = '_cloister';
const emptyBody: RequestBody = { mode: bodyModes.none, bytes: null };
export const defaultTenant = 'default';
const isFor = (tenant: string, { tenants }: Mounted): boolean => tenants === null || tenants.has(tenant);
const anybody: Identity = { tenant: defaultTenant, accountability: null };

const checkIdentity = (identity: Identity): Identity => {
  if (typeof identity?.tenant !== 'string' || identity.tenant === '' || identity.tenant.length > 200) {
    throw new TypeError('identify() must give { tenant: a string of 1 to 200 characters, accountability }');
  }
  const { tenant, accountability = null } = identity;
  if (typeof accountability !== 'object') throw new TypeError('identify() must give { tenant, accountability: an object or null }');
  return { tenant, accountability };
};

/** null: the `router` grant lets it through. */
const denial = (request: IncomingMessage, target: Target, mount: Mount): CloisterError | null => {
  const refusal = mount.refuses(request.method ?? 'GET', target.below);
  return refusal === null ? null : new CloisterError('ERR_CAPABILITY_DENIED', refusal, { capability: 'router' });
};

export const makeHandler = (options: HandlerOptions): Handler => {
  const { dispatcher, identify, tenants, htmlPolicy } = options;
  const shares = makeUnsentShares();
  const mountFor = makeTenantMounts(tenants);
  const refusesFraming = makeFramingGuard();

  const start = (
    request: IncomingMessage,
    response: ServerResponse,
    next: Next | undefined,
    target: Target,
    mount: Mount,
    identity: Identity,
    body: RequestBody,
  ): void => {
    const url = request.url ?? '/';
    const head = makeRequestHead(request, url, mount.grantedHeaders, identity.accountability);
    const { extension } = mount;
    const client = options.mount(target.mount)?.canary == null ? null : clientKeyOf(identity);
    const question: Question = {
      head: JSON.stringify(head),
      method: head.method,
      path: target.path,
      bodyMode: body.mode,
      body: body.bytes,
      ...(body.stream === undefined ? {} : { stream: body.stream }),
      ...(options.tracing === null ? {} : { trace: options.tracing.extract(request.headers) }),
      ...(client === null ? {} : { onNamed: (request) => options.onTrial(extension.id, request, client) }),
      ...(mount.report === null ? {} : { notes: mount.report(request, target.below) }),
    };
    const unsent = shares.of(extension.id, identity.tenant, extension.limits, response);
    const answer = new HttpAnswer(request, response, { mount: `${head.baseUrl}/${target.mount}`, htmlPolicy, unsent }, next);
    const lease = dispatcher.dispatch(extension, identity.tenant, identity.accountability, question, answer);
    response.on('close', () => lease.abandon());
  };

  /** What may not run is on the ledger as what ran is. */
  const refuse = (
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    mount: Mount,
    identity: Identity,
    error: CloisterError,
  ): void => {
    const question: Question = { head: '', method: request.method ?? 'GET', path: target.path, bodyMode: emptyBody.mode, body: null };
    const answer = new HttpAnswer(request, response, { mount: `/${target.mount}`, htmlPolicy, unsent: null }, undefined);
    dispatcher.refuse(mount.extension, identity.tenant, identity.accountability, question, answer, error);
  };

  const readOrRefuse = async (request: IncomingMessage, mount: Mount): Promise<RequestBody | CloisterError> => {
    try {
      return await readBody(request, mount.extension.limits.bodyInBytes);
    } catch (error) {
      if (error instanceof CloisterError) return error;
      throw error;
    }
  };

  const slow = async (
    request: IncomingMessage,
    response: ServerResponse,
    next: Next | undefined,
    target: Target,
    mounted: Mounted,
  ): Promise<void> => {
    const identity = identify === undefined ? anybody : checkIdentity(await identify(request));
    const { tenant } = identity;
    const installed = isFor(tenant, mounted) ? pickVersion(mounted, identity) : null;
    const early = await mountFor(installed, tenant);
    if (installed === null || early === null) return pass(request, response, next);
    const body = denial(request, target, early) ?? (await readOrRefuse(request, early));
    // The client went away meanwhile: nobody is left to run it for.
    if (response.destroyed) return;
    // While it was read another version may have come, and this one gone.
    const mount = stillMounted(target, installed, tenant) ? early : await mountFor(pickAgain(target, identity), tenant);
    if (mount === null) return pass(request, response, next);
    const refusal = body instanceof CloisterError ? body : mount === early ? null : denial(request, target, mount);
    if (body instanceof CloisterError || refusal !== null)
      refuse(request, response, target, mount, identity, refusal ?? (body as CloisterError));
    else start(request, response, next, target, mount, identity, body);
  };

  const stillMounted = ({ mount: name }: Target, { extension }: Mount, tenant: string): boolean => {
    const now = options.mount(name);
    if (now === undefined || !isFor(tenant, now)) return false;
    return now.current.extension === extension || now.canary?.mount.extension === extension;
  };

  /** null: nothing stands there any more. */
  const pickAgain = ({ mount: name }: Target, identity: Identity): Mount | null => {
    const now = options.mount(name);
    return now === undefined || !isFor(identity.tenant, now) ? null : pickVersion(now, identity);
  };

  const pass = (request: IncomingMessage, response: ServerResponse, next: Next | undefined): void => {
    if (next !== undefined) return next();
    if (refusesFraming(request, response)) return;
    writeError(response, new CloisterError('ERR_ROUTE_NOT_FOUND', 'There is no such route.'));
  };

  const fail = (response: ServerResponse, error: unknown): void => {
    if (error instanceof CloisterError) return writeError(response, error);
    options.onFault(error);
    writeError(response, new CloisterError('ERR_INTERNAL', 'The host could not take the request.'));
  };

  return (request, response, next) => {
    try {
      const target = parseTarget(request.url ?? '/');
      const mounted = target === null ? undefined : options.mount(target.mount);
      if (target === null || mounted === undefined) {
        if (target?.mount === operatorMount) {
          if (refusesFraming(request, response)) return;
          if (options.operatorRoutes(request, response, target.path)) return;
        }
        return pass(request, response, next);
      }
      if (refusesFraming(request, response)) return;
      checkPath(target.path);
      if (identify === undefined && tenants === null && hasNoBody(request) && isFor(defaultTenant, mounted)) {
        const mount = pickVersion(mounted, anybody);
        if (denial(request, target, mount) === null) return start(request, response, next, target, mount, anybody, emptyBody);
      }
      slow(request, response, next, target, mounted).catch((error: unknown) => fail(response, error));
    } catch (error) {
      fail(response, error);
    }
  };
};
