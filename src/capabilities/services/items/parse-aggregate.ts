// What `aggregate` and `group` ask for. Must never compute over a field that may not be read.
import { forbiddenField, invalidQuery } from './errors.ts';
import { type Expression, kindOf, readable, resolveExpression } from './expression.ts';
import { outputName, parseFieldName } from './field-name.ts';
import type { Collection, Kind, Model } from './model.ts';
import { isObject } from './parse-filter.ts';
import type { Aggregate, AggregateFunction, Aggregation, Output } from './query.ts';

const numbers: ReadonlySet<Kind> = new Set<Kind>(['integer', 'number']);
const ordered: ReadonlySet<Kind> = new Set<Kind>(['integer', 'number', 'text', 'date', 'dateTime', 'timestamp', 'time']);
const distinct: ReadonlySet<Kind> = new Set<Kind>([...ordered, 'boolean', 'uuid']);

/** Which kinds of field a function takes; null: any. */
const functions: ReadonlyMap<string, { readonly fn: AggregateFunction; readonly kinds: ReadonlySet<Kind> | null }> = new Map(
  (
    [
      ['avg', numbers],
      ['avgDistinct', numbers],
      ['sum', numbers],
      ['sumDistinct', numbers],
      ['min', ordered],
      ['max', ordered],
      ['count', null],
      ['countDistinct', distinct],
      ['countAll', null],
    ] as const
  ).map(([fn, kinds]) => [fn, { fn, kinds }]),
);

export const stringList = (value: unknown, name: string): readonly string[] => {
  const list: unknown = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(list) || !list.every((one): one is string => typeof one === 'string' && one !== ''))
    throw invalidQuery(`"${name}" has to be an array of strings`);
  if (list.length > 1_000) throw invalidQuery(`"${name}" is too long`);
  return list;
};

const aggregatesOf = (value: unknown, collection: Collection): readonly Aggregate[] => {
  if (!isObject(value)) throw invalidQuery('"aggregate" has to be an object');
  return Object.entries(value).flatMap(([name, fields]) => {
    const known = functions.get(name);
    if (known === undefined) throw invalidQuery(`There is no aggregate function "${name.slice(0, 50)}"`);
    const { fn, kinds } = known;
    if (fn === 'countAll') return [{ fn, expression: null, path: ['countAll'] }];
    const names = [...new Set(stringList(fields, `aggregate.${fn}`))];
    return names.map((field): Aggregate => {
      if (field === '*') {
        if (fn !== 'count') throw invalidQuery(`"${fn}" takes a field and not "*"`);
        return { fn, expression: null, path: names.length === 1 ? ['count'] : ['count', '*'] };
      }
      const expression: Expression = { kind: 'column', field: readable(collection, field) };
      if (kinds?.has(kindOf(expression)) === false) throw invalidQuery(`"${fn}" cannot be used on a field of this type`);
      return { fn, expression, path: [fn, field] };
    });
  });
};

const groupsOf = (value: unknown, collection: Collection, model: Model): readonly Output[] => {
  if (value === null || value === undefined) return [];
  return [...new Set(stringList(value, 'group'))].map((text) => {
    const name = parseFieldName(text);
    const expression = resolveExpression(collection, name, model);
    if (!distinct.has(kindOf(expression))) throw invalidQuery('"group" names a field of a type that cannot be grouped');
    return { key: outputName(name), expression };
  });
};

const orderOf = (
  value: unknown,
  groups: readonly Output[],
  aggregates: readonly Aggregate[],
  collection: Collection,
): Aggregation['order'] => {
  if (value === null || value === undefined) return groups.map((_group, place) => ({ place, descending: false }));
  const names = [...groups.map(({ key }) => key), ...aggregates.map(({ path }) => path.join('.'))];
  return stringList(value, 'sort').map((text) => {
    const descending = text.startsWith('-');
    const given = descending ? text.slice(1) : text;
    const place = names.indexOf(outputName(parseFieldName(given)));
    if (place < 0) throw forbiddenField(given, collection.name);
    return { place, descending };
  });
};

/** null: it is a query for items. */
export const parseAggregation = (
  given: { readonly aggregate?: unknown; readonly group?: unknown; readonly sort?: unknown },
  collection: Collection,
  model: Model,
): Aggregation | null => {
  const groups = groupsOf(given.group, collection, model);
  const aggregates = given.aggregate === null || given.aggregate === undefined ? [] : aggregatesOf(given.aggregate, collection);
  if (groups.length + aggregates.length === 0) return null;
  return { groups, aggregates, order: orderOf(given.sort, groups, aggregates, collection) };
};
