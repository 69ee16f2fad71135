// One of Directus's services, made for one call, with what it may read bounded. Must never have a method that is not in the table.
import type { ServiceMethod } from '../capabilities/services/definition.ts';
import type { ReadMeter } from './read-meter.ts';
import { query as querySchema } from './service-table.ts';

/** `limit: -1` is everything to Directus: one row more than is allowed is enough to know that it is too much. */
export const boundQuery = (query: unknown, rows: number): unknown => {
  if (typeof query !== 'object' || query === null) return query;
  const { limit } = query as { readonly limit?: unknown };
  return typeof limit === 'number' && (limit < 0 || limit > rows) ? { ...query, limit: rows + 1 } : query;
};

export const boundService = (service: object, methods: Readonly<Record<string, ServiceMethod>>, meter: ReadMeter, rows: number): object =>
  Object.fromEntries(
    Object.entries(methods).map(([name, { args, effect }]) => [
      name,
      (...given: readonly unknown[]): Promise<unknown> =>
        meter.run(!effect, async () => {
          // A name of our own table.
          const run: unknown = Reflect.get(service, name);
          if (typeof run !== 'function') throw new Error(`Directus has no ${name} here`);
          const bounded = given.map((value, index) => (args[index] === querySchema ? boundQuery(value, rows) : value));
          return (await Reflect.apply(run, service, bounded)) as unknown;
        }),
    ]),
  );
