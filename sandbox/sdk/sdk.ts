// `cloister/sdk`: types for authors of extensions, and two functions that give back what they are given. Must never hold more code than that: a bundle has it as its own.
import type { Context, EventContext } from './context.ts';
import type { Router } from './http.ts';

export type {
  Context,
  Emitter,
  EventContext,
  Item,
  ItemsService,
  Key,
  Logger,
  SchemaOverview,
  ServiceInstance,
  ServiceOptions,
  Services,
} from './context.ts';
export type { Accountability, ErrorHandler, Handler, HeaderValue, Next, Path, Request, Response, Router } from './http.ts';

/** Adds the routes. Whatever it returns is awaited and ignored. */
export type RegisterEndpoint = (router: Router, context: Context) => unknown;

/** `id` is where it is mounted; without it the name in package.json decides. */
export type Endpoint = RegisterEndpoint | { readonly id: string; readonly handler: RegisterEndpoint };

export interface EventMeta {
  readonly event: string;
  readonly [key: string]: unknown;
}

export interface HookFunctions {
  /** What it returns takes the payload's place; an error with a status of 4xx stops what was about to happen. */
  filter(event: string, handler: (payload: never, meta: EventMeta, context: EventContext) => unknown): void;
  action(event: string, handler: (meta: EventMeta, context: EventContext) => unknown): void;
  init(event: string, handler: (meta: EventMeta) => unknown): void;
  /** Five fields of cron, or six with seconds first. */
  schedule(cron: string, handler: () => unknown): void;
}

export type Hook = (functions: HookFunctions, context: Context) => unknown;

/** For the types of its argument alone. */
export const defineEndpoint = <Given extends Endpoint>(endpoint: Given): Given => endpoint;
export const defineHook = <Given extends Hook>(hook: Given): Given => hook;
