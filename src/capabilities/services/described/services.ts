// The built-in services that tell the shape of the data: CollectionsService, FieldsService, RelationsService. Must never tell of what the database grant does not cover.
import { Type } from '#typebox';
import { RelayedError } from '../../../errors.ts';
import type { BuiltInMethod, BuiltInService, DescribedTable, Description } from '../built-in.ts';
import { collectionsOf, fieldsOf, relationsOf, showCollection } from './shapes.ts';

/** What is not there and what is not granted are refused alike, in Directus's words. */
const forbidden = (): RelayedError => new RelayedError('FORBIDDEN', 403, "You don't have permission to access this.");

const name = Type.String({ minLength: 1, maxLength: 127 });
const maybeName = Type.Union([name, Type.Null()]);
const list = (most: number, items: ReturnType<typeof Type.Union> | typeof name, least = 0): BuiltInMethod['args'] =>
  Type.Array(items, { minItems: least, maxItems: most });

const read = (args: BuiltInMethod['args']): BuiltInMethod => ({ args, effect: false });

const findCollection = (description: Description, wanted: unknown): DescribedTable => {
  const found = collectionsOf(description).find(({ collection }) => collection === wanted);
  if (found === undefined) throw forbidden();
  return found;
};

type Tell = (description: Description, args: readonly unknown[]) => unknown;

interface Method extends BuiltInMethod {
  readonly tell: Tell;
}

const makeDescribed = (service: string, methods: Readonly<Record<string, Method>>): BuiltInService => {
  const tellers = new Map(Object.entries(methods).map(([method, { tell }]) => [method, tell]));
  return {
    name: service,
    collection: false,
    methods,
    async call({ method, args }, context) {
      const tell = tellers.get(method);
      if (tell === undefined) throw new Error(`the built-in ${service} has no method ${method}`);
      return tell(await context.describe(), args);
    },
  };
};

const someOf = <Shown extends { readonly collection: string }>(
  all: readonly Shown[],
  description: Description,
  wanted: unknown,
): readonly Shown[] => {
  if (wanted === undefined || wanted === null) return all;
  const { collection } = findCollection(description, wanted);
  return all.filter((one) => one.collection === collection);
};

const oneOf = <Shown extends { readonly collection: string; readonly field: string }>(
  all: readonly Shown[],
  [collection, field]: readonly unknown[],
): Shown => {
  const found = all.find((one) => one.collection === collection && one.field === field);
  if (found === undefined) throw forbidden();
  return found;
};

const allFields = (description: Description) => collectionsOf(description).flatMap((table) => fieldsOf(table, description));

export const makeDescribedServices = (): readonly BuiltInService[] => [
  makeDescribed('CollectionsService', {
    readByQuery: { ...read(list(0, name)), tell: (description) => collectionsOf(description).map(showCollection) },
    readOne: { ...read(list(1, name, 1)), tell: (description, [key]) => showCollection(findCollection(description, key)) },
    readMany: {
      ...read(Type.Array(Type.Array(name, { maxItems: 1_000 }), { minItems: 1, maxItems: 1 })),
      tell: (description, [keys]) => (keys as readonly string[]).map((key) => showCollection(findCollection(description, key))),
    },
  }),
  makeDescribed('FieldsService', {
    readAll: { ...read(list(1, maybeName)), tell: (description, [wanted]) => someOf(allFields(description), description, wanted) },
    readOne: { ...read(list(2, name, 2)), tell: (description, args) => oneOf(allFields(description), args) },
  }),
  makeDescribed('RelationsService', {
    readAll: { ...read(list(1, maybeName)), tell: (description, [wanted]) => someOf(relationsOf(description), description, wanted) },
    readOne: { ...read(list(2, name, 2)), tell: (description, args) => oneOf(relationsOf(description), args) },
  }),
];
