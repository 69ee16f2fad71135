// The ItemsService that Cloister brings itself. Must never reach data but through the database capability of the extension that calls.
import type { Knex } from 'knex';
import { type TSchema, Type } from '#typebox';
import type { BuiltInMethod, BuiltInService, Description } from '../built-in.ts';
import { SelectCompiler } from './compile-select.ts';
import { WriteCompiler } from './compile-write.ts';
import { makeDecoders } from './decode.ts';
import { methods, type Work } from './methods.ts';
import { type Model, makeModel } from './model.ts';
import { parseMutationOptions } from './options.ts';
import { Reader } from './read.ts';
import { Writer } from './writer.ts';

/** A list of anything: methods.ts reads what is in it, and says in Directus's words what is wrong with it. */
const list = (most: number): TSchema => Type.Unsafe<readonly unknown[]>({ type: 'array', maxItems: most });

const contractOf = (): Readonly<Record<string, BuiltInMethod>> =>
  Object.fromEntries([...methods].map(([name, { most, effect }]) => [name, { args: list(most), effect }]));

/** A builder alone: it has no connection, and could not run anything. Heavy, so it is loaded with the first call. */
const loadBuilder = async (): Promise<Knex> => (await import('knex')).default({ client: 'pg' });

export const makeItemsService = (): BuiltInService => {
  let builder: Promise<Knex> | null = null;
  const decoders = makeDecoders();
  const models = new WeakMap<Description, Model>();
  const modelOf = (description: Description): Model => {
    const known = models.get(description);
    if (known !== undefined) return known;
    const made = makeModel(description);
    models.set(description, made);
    return made;
  };

  return {
    name: 'ItemsService',
    methods: contractOf(),
    async call({ collection, method, args, emitEvents }, context) {
      const model = modelOf(await context.describe());
      builder ??= loadBuilder();
      const knex = await builder;
      const selects = new SelectCompiler(knex, model);
      const writes = new WriteCompiler(knex);
      const work: Work = {
        args,
        model,
        collection: model.collection(collection),
        read: (query) => new Reader(context, selects, decoders).read(query),
        async write(options, run) {
          const own = parseMutationOptions(options);
          const writer = new Writer({ model, writes, selects, decoders, emitEvents: emitEvents && own.emitEvents });
          return await writer.whole(() => run(writer, context));
        },
        writeTogether: (options, run) => work.write(options, (writer) => context.transaction((inner) => run(writer, inner))),
      };
      const known = methods.get(method);
      if (known === undefined) throw new Error(`the built-in ItemsService has no method ${method}`);
      return await known.run(work);
    },
  };
};
