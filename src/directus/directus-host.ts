// Cloister as the extension host inside a Directus: a hook extension of Directus that serves packages from cells, with Directus's own services and accountability. Must never give an extension one of Directus's objects.
import type { IncomingMessage } from 'node:http';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { type ClassDefinition, defineService } from '../capabilities/services/definition.ts';
import { CloisterError } from '../errors.ts';
import type { CloisterOptions } from '../options.ts';
import { createRuntime, type Runtime } from '../runtime.ts';
import { directusServices } from './service-table.ts';

/** What a hook extension of Directus is registered with, as far as it is used here (`@directus/types`, RegisterHook). */
export interface DirectusHookEvents {
  init(event: string, handler: (meta: Readonly<Record<string, unknown>>) => unknown): void;
  action(event: string, handler: () => unknown): void;
}

export interface DirectusHookContext {
  readonly services: Readonly<Record<string, unknown>>;
  readonly database: Knex;
  readonly getSchema: () => unknown;
  readonly logger: Logger;
}

export interface DirectusHostOptions extends Omit<CloisterOptions, 'identify' | 'services' | 'logger'> {
  /** Which of Directus's services grants may ask for; all that the adapter knows where absent. */
  readonly services?: readonly string[];
  /** More of your own, or your own in place of Directus's. */
  readonly ownServices?: CloisterOptions['services'];
}

export type DirectusHook = (events: DirectusHookEvents, context: DirectusHookContext) => void;

interface DirectusRequest extends IncomingMessage {
  readonly accountability?: Readonly<Record<string, unknown>> | null;
}

type Middleware = (handler: ReturnType<Runtime['handler']>) => unknown;

/** One installation is one tenant. */
const tenant = 'default';

const wrap = (name: string, { services, database, getSchema }: DirectusHookContext): ClassDefinition => {
  const known = directusServices[name];
  if (known === undefined)
    throw new CloisterError(
      'ERR_OPTIONS_INVALID',
      `services: ${name} is none of those the adapter knows (${Object.keys(directusServices).join(', ')}); correct it, or give it as ownServices`,
    );
  const service = services[name];
  if (typeof service !== 'function') throw new CloisterError('ERR_OPTIONS_INVALID', `services: this Directus has no ${name}; leave it out`);
  return defineService({ kind: 'class', ...known, service: service as ClassDefinition['service'], schema: getSchema, knex: database });
};

/** Services that this Directus has; one that was named and is not there is an error. */
const wrapAll = (context: DirectusHookContext, names: readonly string[] | undefined): NonNullable<CloisterOptions['services']> => {
  const wanted = names ?? Object.keys(directusServices).filter((name) => typeof context.services[name] === 'function');
  return Object.fromEntries(wanted.map((name) => [name, wrap(name, context)]));
};

const isPostgres = (database: Knex): boolean => /^(?:pg|postgres|pgnative)/.test(String(database.client.config.client));

/** The default export of a hook extension: `export default directusHost({ extensions: ['/directus/sandboxed'], approvals: { … } })`. Keep the packages in a folder that Directus itself does not load. */
export const directusHost =
  ({ services, ownServices, ...options }: DirectusHostOptions): DirectusHook =>
  ({ init, action }, context) => {
    let runtime: Runtime | null = null;
    // Directus waits for its init events, and mounts its own custom endpoints right after this one.
    init('routes.custom.before', async ({ app }) => {
      runtime = await createRuntime({
        ...(isPostgres(context.database) ? { database: context.database } : {}),
        ...options,
        services: { ...wrapAll(context, services), ...ownServices },
        logger: context.logger,
        identify: (request: DirectusRequest) => ({ tenant, accountability: { ...request.accountability } }),
      });
      for (const { error } of runtime.refused()) context.logger.warn(`cloister: refused: ${error.message}`);
      for (const { id, mounts } of runtime.extensions())
        context.logger.info(`cloister: serves ${id} at ${mounts.map((mount) => `/${mount}`).join(', ')}`);
      (app as { readonly use: Middleware }).use(runtime.handler());
    });
    action('server.stop', async () => {
      await runtime?.close();
    });
  };
