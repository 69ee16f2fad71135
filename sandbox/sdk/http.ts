// Router, request and response as the types of an extension's routes: the part of Express that 4 and 5 share. Must never hold code.

export type HeaderValue = string | readonly string[] | undefined;

/** Of a Directus package's request; `null` for one of another kind whose caller is unknown. */
export interface Accountability {
  readonly user?: string | null;
  readonly role?: string | null;
  readonly roles?: readonly string[];
  readonly admin?: boolean;
  readonly app?: boolean;
  readonly ip?: string | null;
  readonly [key: string]: unknown;
}

/** A readable stream besides: `for await (const chunk of request)`, `request.pipe(target)`. */
export interface Request extends AsyncIterable<Uint8Array> {
  readonly method: string;
  readonly url: string;
  readonly originalUrl: string;
  readonly baseUrl: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  /** Those of the plain ones, and those that the grant `headers` names. */
  readonly headers: Readonly<Record<string, HeaderValue>>;
  readonly cookies: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly ip: string | undefined;
  readonly accountability: Accountability | null;
  get(name: string): string | undefined;
  pipe<Target>(target: Target): Target;
  on(event: string, listener: (...args: never[]) => void): this;
}

export interface Response {
  statusCode: number;
  readonly headersSent: boolean;
  status(code: number): this;
  sendStatus(code: number): this;
  set(name: string, value: string | readonly string[]): this;
  set(headers: Readonly<Record<string, string>>): this;
  type(mediaType: string): this;
  cookie(name: string, value: string, options?: object): this;
  redirect(url: string): void;
  redirect(status: number, url: string): void;
  json(value: unknown): this;
  send(body?: unknown): this;
  write(chunk: string | Uint8Array): boolean;
  end(chunk?: string | Uint8Array): this;
  on(event: string, listener: (...args: never[]) => void): this;
}

export type Next = (error?: unknown) => void;
/** What it throws, or rejects with, is answered as an error. */
export type Handler = (request: Request, response: Response, next: Next) => unknown;
export type ErrorHandler = (error: unknown, request: Request, response: Response, next: Next) => unknown;

export type Path = string | RegExp | readonly (string | RegExp)[];
type AddRoute = (path: Path, ...handlers: readonly Handler[]) => Router;

/** Express's own router. For Express's full types, type the parameter with `@types/express` instead. */
export interface Router {
  readonly get: AddRoute;
  readonly post: AddRoute;
  readonly put: AddRoute;
  readonly patch: AddRoute;
  readonly delete: AddRoute;
  readonly head: AddRoute;
  readonly options: AddRoute;
  readonly all: AddRoute;
  use(...handlers: readonly (Handler | ErrorHandler)[]): Router;
  use(path: Path, ...handlers: readonly (Handler | ErrorHandler)[]): Router;
  param(name: string, handler: (request: Request, response: Response, next: Next, value: string) => void): Router;
}
