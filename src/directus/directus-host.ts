// Cloister as the extension host inside a Directus: a hook extension of Directus that serves packages from cells, with Directus's own services and accountability. Must never give an extension one of Directus's objects.
import type { IncomingMessage } from 'node:http';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { FactoryDefinition } from '../capabilities/services/definition.ts';
import { CloisterError } from '../errors.ts';
import type { CloisterOptions } from '../options.ts';
import { createRuntime, type Runtime } from '../runtime.ts';
import { boundService } from './bound-service.ts';
import { type DirectusEmitter, type DirectusHookEvents, listenForDirectus } from './directus-events.ts';
import { makeReadMeter, type ReadBounds, type ReadMeter } from './read-meter.ts';
import { directusServices } from './service-table.ts';

export interface DirectusHookContext {
  readonly services: Readonly<Record<string, unknown>>;
  readonly database: Knex;
  readonly getSchema: () => unknown;
  readonly logger: Logger;
  readonly emitter: DirectusEmitter;
}

export interface DirectusHostOptions extends Omit<CloisterOptions, 'identify' | 'services' | 'logger' | 'listeners' | 'getSchema'> {
  /** Which of Directus's services grants may ask for; all that the adapter knows where absent. */
  readonly services?: readonly string[];
  /** What one call of a service may read of the database: 50,000 rows and 32 MB. */
  readonly reads?: Partial<ReadBounds>;
  /** More of your own, or your own in place of Directus's. */
  readonly ownServices?: CloisterOptions['services'];
}

export type DirectusHook = (events: DirectusHookEvents, context: DirectusHookContext) => void;

interface DirectusRequest extends IncomingMessage {
  readonly accountability?: Readonly<Record<string, unknown>> | null;
}

type Middleware = (handler: ReturnType<Runtime['handler']>) => unknown;

const defaultReads: ReadBounds = { rows: 50_000, bytes: 33_554_432 };

/** One installation is one tenant. */
const tenant = 'default';

const wrap = (name: string, { services, getSchema }: DirectusHookContext, meter: ReadMeter, rows: number): FactoryDefinition => {
  const known = directusServices[name];
  if (known === undefined)
    throw new CloisterError(
      'ERR_OPTIONS_INVALID',
      `services: ${name} is none of those the adapter knows (${Object.keys(directusServices).join(', ')}); correct it, or give it as ownServices`,
    );
  const service = services[name];
  if (typeof service !== 'function') throw new CloisterError('ERR_OPTIONS_INVALID', `services: this Directus has no ${name}; leave it out`);
  const { collection: isAboutCollections, methods, about } = known;
  return {
    kind: 'factory',
    collection: isAboutCollections,
    methods,
    ...(about === undefined ? {} : { about }),
    async service({ accountability, collection }) {
      const options = { accountability, schema: await getSchema(), knex: meter.knex };
      const made = Reflect.construct(service, isAboutCollections ? [collection, options] : [options]) as object;
      return boundService(made, methods, meter, rows);
    },
  };
};

/** Services that this Directus has; one that was named and is not there is an error. */
const wrapAll = (
  context: DirectusHookContext,
  names: readonly string[] | undefined,
  reads: ReadBounds,
): NonNullable<CloisterOptions['services']> => {
  const wanted = names ?? Object.keys(directusServices).filter((name) => typeof context.services[name] === 'function');
  const meter = makeReadMeter(context.database, reads);
  return Object.fromEntries(wanted.map((name) => [name, wrap(name, context, meter, reads.rows)]));
};

const isPostgres = (database: Knex): boolean => /^(?:pg|postgres|pgnative)/.test(String(database.client.config.client));

interface Host {
  runtime: Runtime | null;
}

/** By Directus's services, and by the folders: Directus registers its hooks anew when any extension is switched on or off, and never mounts anew. */
const hosts = new WeakMap<object, Map<string, Host>>();
const hostOf = ({ services }: DirectusHookContext, extensions: CloisterOptions['extensions']): Host => {
  const ofThis = hosts.get(services) ?? new Map<string, Host>();
  hosts.set(services, ofThis);
  const key = JSON.stringify(extensions ?? []);
  const host = ofThis.get(key) ?? { runtime: null };
  ofThis.set(key, host);
  return host;
};

/** The default export of a hook extension: `export default directusHost({ extensions: ['/directus/sandboxed'], approvals: { … } })`. Keep the packages in a folder that Directus itself does not load. */
export const directusHost =
  ({ services, ownServices, reads, ...options }: DirectusHostOptions): DirectusHook =>
  (hook, context) => {
    const { database, emitter, getSchema, logger } = context;
    const host = hostOf(context, options.extensions);
    const { listeners } = listenForDirectus(hook, { database, emitter, getSchema, runtime: () => host.runtime });
    host.runtime?.reload().catch((error: unknown) => logger.error({ err: error }, 'cloister: the packages could not be read again'));
    // Directus waits for its init events, and mounts its own custom endpoints right after this one.
    hook.init('routes.custom.before', async ({ app }) => {
      if (host.runtime !== null) return;
      const runtime = await createRuntime({
        ...(isPostgres(database) ? { database } : {}),
        ...options,
        services: { ...wrapAll(context, services, { ...defaultReads, ...reads }), ...ownServices },
        getSchema,
        logger,
        listeners,
        identify: (request: DirectusRequest) => ({ tenant, accountability: { ...request.accountability } }),
      });
      host.runtime = runtime;
      for (const { error } of runtime.refused()) logger.warn(`cloister: refused: ${error.message}`);
      for (const { id, mounts } of runtime.extensions())
        logger.info(
          `cloister: runs ${id}, ${mounts.length === 0 ? 'without routes' : `at ${mounts.map((mount) => `/${mount}`).join(', ')}`}`,
        );
      (app as { readonly use: Middleware }).use(runtime.handler());
    });
    hook.action('server.stop', async () => {
      await host.runtime?.close();
    });
  };
