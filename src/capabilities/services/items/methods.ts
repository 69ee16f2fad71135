// The data methods of ItemsService, one function each. Must never tell an item that is not there from one that may not be read.
import type { BuiltInContext } from '../built-in.ts';
import { encodeKeys } from './encode.ts';
import { forbidden, invalidPayload } from './errors.ts';
import { readable } from './expression.ts';
import { both, isOneOf, keysQuery } from './lookup.ts';
import type { Collection, Field, Model } from './model.ts';
import { checkQueryOptions } from './options.ts';
import { isObject } from './parse-filter.ts';
import { parseQuery } from './parse-query.ts';
import { parseItem } from './payload.ts';
import type { ItemsQuery } from './query.ts';
import type { Item } from './read.ts';
import type { Writer } from './writer.ts';

type Write<T> = (writer: Writer, context: BuiltInContext) => Promise<T>;

/** One call: what it is about, and what it works with. */
export interface Work {
  readonly args: readonly unknown[];
  readonly collection: Collection;
  readonly model: Model;
  read(query: ItemsQuery): Promise<readonly Item[]>;
  /** `options`: as the guest gave them. */
  write<T>(options: unknown, run: Write<T>): Promise<T>;
  /** The same in a transaction. */
  writeTogether<T>(options: unknown, run: Write<T>): Promise<T>;
}

export interface Method {
  /** Arguments it takes. */
  readonly most: number;
  readonly effect: boolean;
  readonly run: (work: Work) => Promise<unknown>;
}

const listOf = (value: unknown, what: string): readonly unknown[] => {
  if (!Array.isArray(value)) throw invalidPayload(`${what} have to be an array`);
  return value;
};

const queryOf = ({ collection, model }: Work, value: unknown): ItemsQuery => parseQuery(value, collection, model);

/** The query, of these items alone. */
const keyedQuery = (work: Work, keys: readonly unknown[], given: unknown): ItemsQuery => {
  const query = queryOf(work, given);
  const { collection } = work;
  const primary = readable(collection, collection.primary.name);
  const filter = both(isOneOf(primary, encodeKeys(collection, keys)), query.filter);
  const limited = isObject(given) && given['limit'] !== undefined && given['limit'] !== null;
  return { ...query, filter, limit: limited ? query.limit : keys.length };
};

const keysByQuery = async (work: Work, given: unknown): Promise<readonly unknown[]> => {
  const query = queryOf(work, given);
  if (query.aggregation !== null) throw invalidPayload('A query for keys cannot aggregate');
  const { primary } = work.collection;
  const keys = keysQuery(work.collection, query.filter, query.limit);
  const items = await work.read({ ...keys, sort: query.sort, offset: query.offset });
  return items.map((item) => item[primary.name]);
};

/** What a new item would have where nothing is said. */
const defaultOf = ({ default: value }: Field, isKey: boolean): unknown =>
  isKey || value === 'AUTO_INCREMENT' || value === 'CURRENT_TIMESTAMP' || value === 'gen_random_uuid()' ? null : value;

const readSingleton = async (work: Work): Promise<Item> => {
  const [query, options] = work.args;
  checkQueryOptions(options);
  const parsed = queryOf(work, query);
  const [item] = await work.read({ ...parsed, limit: 1 });
  if (item !== undefined) return item;
  const { primary } = work.collection;
  const defaults = Object.create(null) as Item;
  for (const { key, expression } of parsed.outputs)
    if (expression.kind === 'column') defaults[key] = defaultOf(expression.field, expression.field === primary);
  return defaults;
};

const upsertSingleton = (work: Work): Promise<unknown> => {
  const [data, options] = work.args;
  const { collection } = work;
  return work.writeTogether(options, async (writer, context) => {
    const [first] = await writer
      .reader(context)
      .read({ ...keysQuery(collection, { kind: 'all', parts: [] }, 1), sort: queryOf(work, {}).sort });
    const key = first?.[collection.primary.name];
    if (key === undefined) return (await writer.create(context, collection, [data]))[0] ?? null;
    return (await writer.update(context, collection, [key], data))[0];
  });
};

/** Each item with its own key. */
const updateBatch = (work: Work): Promise<unknown> => {
  const [data, options] = work.args;
  const { collection } = work;
  const { name } = collection.primary;
  const items = listOf(data, 'The items').map(parseItem);
  if (!items.every((item) => item[name] !== undefined && item[name] !== null)) throw invalidPayload('Each item has to have its key');
  return work.writeTogether(options, async (writer, context) => {
    const keys: unknown[] = [];
    for (const { [name]: key, ...rest } of items) keys.push(...(await writer.update(context, collection, [key], rest)));
    return keys;
  });
};

const upsertMany = (work: Work): Promise<unknown> => {
  const [data, options] = work.args;
  const items = listOf(data, 'The items');
  return work.writeTogether(options, async (writer, context) => {
    const keys: unknown[] = [];
    for (const item of items) keys.push(await writer.upsert(context, work.collection, item));
    return keys;
  });
};

const updateKeys = (work: Work, keys: readonly unknown[], data: unknown, options: unknown): Promise<readonly unknown[]> =>
  work.write(options, (writer, context) => writer.update(context, work.collection, keys, data));

const deleteKeys = (work: Work, keys: readonly unknown[], options: unknown): Promise<readonly unknown[]> =>
  work.write(options, (writer, context) => writer.remove(context, work.collection, keys));

const reads = (most: number, run: Method['run']): Method => ({ most, effect: false, run });
const writes = (most: number, run: Method['run']): Method => ({ most, effect: true, run });

/** A closed list. `fork` is a matter of the guest's object alone. */
export const methods: ReadonlyMap<string, Method> = new Map([
  ['getKeysByQuery', reads(1, (work) => keysByQuery(work, work.args[0]))],
  [
    'readByQuery',
    reads(2, (work) => {
      checkQueryOptions(work.args[1]);
      return work.read(queryOf(work, work.args[0]));
    }),
  ],
  [
    'readOne',
    reads(3, async (work) => {
      const [key, query, options] = work.args;
      checkQueryOptions(options);
      const [item] = await work.read(keyedQuery(work, [key], query));
      if (item === undefined) throw forbidden();
      return item;
    }),
  ],
  [
    'readMany',
    reads(3, (work) => {
      const [keys, query, options] = work.args;
      checkQueryOptions(options);
      return work.read(keyedQuery(work, listOf(keys, 'The keys'), query));
    }),
  ],
  ['readSingleton', reads(2, readSingleton)],
  [
    'createOne',
    writes(2, (work) => {
      const [data, options] = work.args;
      return work.write(options, async (writer, context) => (await writer.create(context, work.collection, [data]))[0] ?? null);
    }),
  ],
  [
    'createMany',
    writes(2, (work) => {
      const [data, options] = work.args;
      const items = listOf(data, 'The items');
      return work.write(options, (writer, context) => writer.create(context, work.collection, items));
    }),
  ],
  [
    'updateOne',
    writes(3, async (work) => {
      const [key, data, options] = work.args;
      return (await updateKeys(work, [key], data, options))[0];
    }),
  ],
  [
    'updateMany',
    writes(3, (work) => {
      const [keys, data, options] = work.args;
      return updateKeys(work, listOf(keys, 'The keys'), data, options);
    }),
  ],
  ['updateBatch', writes(2, updateBatch)],
  [
    'updateByQuery',
    writes(3, async (work) => {
      const [query, data, options] = work.args;
      return await updateKeys(work, await keysByQuery(work, query), data, options);
    }),
  ],
  [
    'upsertOne',
    writes(2, (work) => {
      const [data, options] = work.args;
      return work.writeTogether(options, (writer, context) => writer.upsert(context, work.collection, data));
    }),
  ],
  ['upsertMany', writes(2, upsertMany)],
  ['upsertSingleton', writes(2, upsertSingleton)],
  [
    'deleteOne',
    writes(2, async (work) => {
      const [key, options] = work.args;
      return (await deleteKeys(work, [key], options))[0];
    }),
  ],
  [
    'deleteMany',
    writes(2, (work) => {
      const [keys, options] = work.args;
      return deleteKeys(work, listOf(keys, 'The keys'), options);
    }),
  ],
  [
    'deleteByQuery',
    writes(2, async (work) => {
      const [query, options] = work.args;
      return await deleteKeys(work, await keysByQuery(work, query), options);
    }),
  ],
]);
