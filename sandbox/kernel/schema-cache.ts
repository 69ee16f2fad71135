// The shape of the data as this cell last read it, for `req.schema` and for the context of listeners. Must never be taken for the host's own.
import { dateNow, nativeThen, reflectApply } from './intrinsics.ts';
import { currentZone, enterZone } from './zone.ts';

/** After this it is read anew. Each cell has its own. */
const freshMs = 15_000;

export interface SchemaCache {
  /** Calls `ready` at once where a fresh one is held, else when it was read; `failed` only where there is none at all. */
  use(ready: (schema: unknown) => void, failed: (error: unknown) => void): void;
  /** The extension has changed a table itself: what was read no longer holds. */
  expire(): void;
}

/** `read` asks the host, on behalf of what runs. */
export const makeSchemaCache = (read: () => Promise<unknown>): SchemaCache => {
  let schema: unknown;
  let readAt = 0;
  let isRead = false;
  return {
    use: (ready, failed) => {
      const now = dateNow();
      if (isRead && now - readAt <= freshMs) return ready(schema);
      // Where there is an older one, this one looks again and the others go on.
      readAt = now;
      const zone = currentZone();
      const keep = (value: unknown): void => {
        schema = value;
        isRead = true;
        enterZone(zone);
        ready(value);
      };
      const fail = (error: unknown): void => {
        enterZone(zone);
        if (isRead) ready(schema);
        else failed(error);
      };
      reflectApply(nativeThen, read(), [keep, fail]);
    },
    expire: () => {
      readAt = 0;
    },
  };
};

/** Statements after which a table may look otherwise. The host judges them; this only says when to look again. */
export const isDefinition = (capability: string, args: unknown): boolean => {
  if (capability !== 'database' || typeof args !== 'object' || args === null || !('sql' in args)) return false;
  const { sql } = args;
  return typeof sql === 'string' && /^\s*(?:create|alter|drop|comment)\b/i.test(sql);
};
