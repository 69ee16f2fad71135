// The register form of Directus's sandbox: a router of five methods that hands out data and takes data, a hook without context. Must never hand out more than that form has.
import { NativeError } from './intrinsics.ts';
import type { Endpoint, Parts } from './register.ts';
import type { RegisterHook } from './register-hook.ts';

interface ExpressRequest {
  readonly url: string;
  readonly headers: object;
  readonly body: unknown;
}
interface ExpressResponse {
  status(code: number): { send(body: unknown): void };
}
type Next = (error: unknown) => void;
type Route = (request: ExpressRequest, response: ExpressResponse, next: Next) => void;
type Handler = (request: ExpressRequest) => unknown;

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;
type Routing = Readonly<Record<(typeof methods)[number], (path: unknown, route: Route) => unknown>>;

const sendAnswer = (answer: unknown, response: ExpressResponse): void => {
  const { status, body } = (answer ?? {}) as { readonly status?: unknown; readonly body?: unknown };
  if (typeof status !== 'number' || status % 1 !== 0 || status < 200 || status > 599)
    throw new NativeError('the handler returned no { status, body } with a status from 200 to 599');
  if (body !== undefined && typeof body !== 'string' && (typeof body !== 'object' || body === null))
    throw new NativeError('the handler returned a body that is neither a string nor an object');
  response.status(status).send(body ?? '');
};

const makeRoute =
  (handler: Handler): Route =>
  async (request, response, next) => {
    try {
      const { url, headers, body } = request;
      sendAnswer(await handler({ url, headers, body }), response);
    } catch (error) {
      next(error ?? new NativeError('the handler failed without an error'));
    }
  };

const sandboxedRouter = (router: unknown): object => {
  const real = router as Routing;
  const facade: Record<string, unknown> = {};
  for (const method of methods)
    facade[method] = (path: unknown, ...handlers: readonly unknown[]): void => {
      const [handler] = handlers;
      if (handlers.length !== 1 || typeof handler !== 'function')
        throw new NativeError(`router.${method}: takes a path and exactly one handler`);
      real[method](path, makeRoute(handler as Handler));
    };
  return facade;
};

const onlyData =
  (add: (event: unknown, handler: unknown) => void) =>
  (event: unknown, handler: unknown): void =>
    add(event, typeof handler === 'function' ? (data: unknown) => (handler as (data: unknown) => unknown)(data) : handler);

const notInSandbox = (name: string) => (): never => {
  throw new NativeError(`${name}() is not part of Directus's sandbox; without \`sandbox\` in package.json a hook may use it`);
};

type HookFunctions = Readonly<Record<'filter' | 'action', (event: unknown, handler: unknown) => void>>;

const sandboxedHook =
  (register: RegisterHook): RegisterHook =>
  (functions) => {
    const { filter, action } = functions as HookFunctions;
    const others = Object.fromEntries(['init', 'schedule', 'embed'].map((name) => [name, notInSandbox(name)]));
    return (register as (functions: object) => unknown)({ filter: onlyData(filter), action: onlyData(action), ...others });
  };

const sandboxedEndpoint = ({ id, register }: Endpoint): Endpoint => ({
  id,
  register: (router) => (register as (router: unknown) => unknown)(sandboxedRouter(router)),
});

/** What was found, called as Directus's sandbox would. */
export const asSandboxed = ({ endpoints, hooks }: Parts): Parts => ({
  endpoints: endpoints.map(sandboxedEndpoint),
  hooks: hooks.map(sandboxedHook),
});
