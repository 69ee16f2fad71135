// Queries that the service itself asks: keys by a condition. Must never read more than keys.
import { type Condition, everything } from './condition.ts';
import { readable } from './expression.ts';
import type { Collection, Field } from './model.ts';
import type { ItemsQuery } from './query.ts';

export const keysQuery = (collection: Collection, filter: Condition, limit: number | null): ItemsQuery => {
  const field = readable(collection, collection.primary.name);
  return {
    collection,
    keys: [field.name],
    outputs: [{ key: field.name, expression: { kind: 'column', field } }],
    branches: [],
    filter,
    sort: [],
    limit,
    offset: 0,
    aggregation: null,
  };
};

export const isOneOf = (field: Field, values: readonly string[], not = false): Condition => ({
  kind: 'test',
  expression: { kind: 'column', field },
  test: { kind: 'list', not, values },
});

export const both = (...parts: readonly Condition[]): Condition => {
  const telling = parts.filter((part) => part !== everything);
  return telling.length === 1 && telling[0] !== undefined ? telling[0] : { kind: 'all', parts: telling };
};
