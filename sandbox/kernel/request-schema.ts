// Puts `req.schema` on requests, as Directus does before any route. Must never keep a request waiting for a schema that was read before.
import type { App } from './requests.ts';
import type { SchemaCache } from './schema-cache.ts';

export const withSchema =
  (app: App, schemas: SchemaCache): App =>
  (request, response, done) =>
    schemas.use((schema) => {
      Object.defineProperty(request, 'schema', { value: schema, writable: true, enumerable: true, configurable: true });
      app(request, response, done);
    }, done);
