// The built-in MetaService: how many items there are, in all and by a query. Must never count otherwise than ItemsService would read.
import { Type } from '#typebox';
import type { BuiltInContext, BuiltInService } from '../built-in.ts';

const collection = Type.String({ minLength: 1, maxLength: 127 });
const query = Type.Unsafe<object>({ type: ['object', 'null'] });

interface MetaQuery {
  readonly meta?: unknown;
  readonly filter?: unknown;
  readonly search?: unknown;
}

export const makeMetaService = (items: BuiltInService): BuiltInService => {
  const count = async (of: string, wanted: MetaQuery, context: BuiltInContext): Promise<number> => {
    const { filter, search } = wanted;
    const asked = {
      aggregate: { count: ['*'] },
      ...(filter === undefined || filter === null ? {} : { filter }),
      ...(search === undefined || search === null ? {} : { search }),
    };
    const rows = await items.call({ collection: of, method: 'readByQuery', args: [asked], emitEvents: false }, context);
    return Number((rows as readonly { readonly count: unknown }[])[0]?.count ?? 0);
  };
  const args = Type.Tuple([collection, query]);
  return {
    name: 'MetaService',
    collection: false,
    methods: {
      getMetaForQuery: { args, effect: false },
      filterCount: { args, effect: false },
      totalCount: { args: Type.Tuple([collection]), effect: false },
    },
    async call({ method, args: given }, context) {
      const of = String(given[0]);
      const wanted = (given[1] ?? {}) as MetaQuery;
      if (method === 'totalCount') return await count(of, {}, context);
      if (method === 'filterCount') return await count(of, wanted, context);
      const asked = Array.isArray(wanted.meta) ? (wanted.meta as readonly unknown[]) : [];
      const isAsked = (key: string): boolean => asked.includes(key) || asked.includes('*');
      return {
        ...(isAsked('total_count') ? { total_count: await count(of, {}, context) } : {}),
        ...(isAsked('filter_count') ? { filter_count: await count(of, wanted, context) } : {}),
      };
    },
  };
};
