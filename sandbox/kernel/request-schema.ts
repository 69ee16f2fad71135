// Puts `req.schema` on requests, as Directus does before any route. Must never keep a request waiting for a schema that was read before.
import { dateNow, nativeThen, reflectApply } from './intrinsics.ts';
import type { App } from './requests.ts';
import { currentZone, enterZone } from './zone.ts';

/** After this a request reads it anew. Each cell has its own. */
const freshMs = 15_000;

/** `read` asks the host, on behalf of the request that runs. */
export const withSchema = (app: App, read: () => Promise<unknown>): App => {
  let schema: unknown;
  let readAt = 0;
  let isRead = false;
  return (request, response, done) => {
    const go = (): void => {
      Object.defineProperty(request, 'schema', { value: schema, writable: true, enumerable: true, configurable: true });
      app(request, response, done);
    };
    const now = dateNow();
    if (isRead && now - readAt <= freshMs) return go();
    // Where there is an older one, this request looks again and the others go on.
    readAt = now;
    const zone = currentZone();
    const keep = (value: unknown): void => {
      schema = value;
      isRead = true;
      enterZone(zone);
      go();
    };
    const fail = (error: unknown): void => {
      enterZone(zone);
      if (isRead) go();
      else done(error);
    };
    reflectApply(nativeThen, read(), [keep, fail]);
  };
};
