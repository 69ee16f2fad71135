// From a query as it was written to one that is understood. Must never ignore a key it does not know, nor tell of a field that may not be read.
import { itemsBounds } from './bounds.ts';
import { forbiddenField, invalidQuery } from './errors.ts';
import { readableOne, resolveExpression } from './expression.ts';
import { parseFieldName, splitPath } from './field-name.ts';
import type { Collection, Model, ToOne } from './model.ts';
import { parseAggregation, stringList } from './parse-aggregate.ts';
import { type Aliases, type Named, parseAliases, parseFields, SelectBudget } from './parse-fields.ts';
import { FilterBudget, isObject, parseFilter } from './parse-filter.ts';
import type { Branch, ItemsQuery, Sort } from './query.ts';
import { parseSearch } from './search.ts';

type Given = Readonly<Record<string, unknown>>;

const levelKeys = ['fields', 'sort', 'filter', 'limit', 'offset', 'page', 'search', 'aggregate', 'group', 'alias'] as const;
const rootKeys: ReadonlySet<string> = new Set([...levelKeys, 'deep', 'export', 'backlink', 'version', 'versionRaw']);
const deepKeys: ReadonlyMap<string, string> = new Map(levelKeys.map((key) => [`_${key}`, key]));

const whole = (value: unknown, name: string, least: number): number | null => {
  if (value === null || value === undefined) return null;
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < least)
    throw invalidQuery(`"${name}" has to be a whole number of at least ${String(least)}`);
  return number;
};

interface Page {
  readonly limit: number | null;
  readonly offset: number;
}

const parsePage = (given: Given): Page => {
  const limit = whole(given['limit'], 'limit', -1) ?? itemsBounds.defaultLimit.value;
  const offset = whole(given['offset'], 'offset', 0);
  const page = whole(given['page'], 'page', 1);
  const all = limit === -1;
  // All there is has one page.
  return { limit: all ? null : limit, offset: offset ?? (page === null || all ? 0 : (page - 1) * limit) };
};

class QueryParser {
  readonly #model: Model;
  readonly #filters = new FilterBudget();
  readonly #selected = new SelectBudget();
  constructor(model: Model) {
    this.#model = model;
  }

  /** `fields`: null where the level says none; `deep`: by key, for the relations of this level. */
  level(given: Given, collection: Collection, fields: readonly string[] | null, deep: Given, depth: number): ItemsQuery {
    if (depth > itemsBounds.pathDepth.value) throw invalidQuery('The fields are nested too deeply');
    const aliases = parseAliases(given['alias']);
    const aggregation = parseAggregation(given, collection, this.#model);
    const selected = aggregation === null ? parseFields(fields ?? ['*'], collection, aliases, this.#model, this.#selected) : null;
    const search = parseSearch(given['search'], collection);
    const filter = parseFilter(given['filter'], collection, this.#model, this.#filters);
    for (const key of Object.keys(deep)) this.#checkDeep(key, aliases, collection);
    return {
      collection,
      keys: selected?.keys ?? [],
      outputs: selected?.outputs ?? [],
      branches: (selected?.named ?? []).map((named) => this.#branch(named, Object.hasOwn(deep, named.key) ? deep[named.key] : {}, depth)),
      filter: search === null ? filter : { kind: 'all', parts: [filter, search] },
      sort: aggregation === null ? this.#sort(given['sort'], collection, aliases) : [],
      ...parsePage(given),
      aggregation,
    };
  }

  #checkDeep(key: string, aliases: Aliases, collection: Collection): void {
    const name = aliases.get(key) ?? key;
    if (!collection.toMany.has(name) && readableOne(collection, name, this.#model) === undefined)
      throw forbiddenField(key, collection.name);
  }

  #branch({ key, relation, below, keysOnly }: Named, deep: unknown, depth: number): Branch {
    const query = this.#below(deep, this.#model.collection(relation.related), below, keysOnly, depth);
    if (query.aggregation !== null && relation.kind === 'one') throw invalidQuery('"_aggregate" and "_group" are for relations to many');
    // Of one item there is no page and no order.
    const single = relation.kind === 'one' ? { ...query, sort: [], limit: null, offset: 0 } : query;
    return { key, relation, query: single, keysOnly: keysOnly && query.aggregation === null };
  }

  #below(value: unknown, collection: Collection, below: readonly string[], keysOnly: boolean, depth: number): ItemsQuery {
    if (!isObject(value)) throw invalidQuery('"deep" has to be an object of relations');
    const own: Record<string, unknown> = {};
    const deeper: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value)) {
      const known = deepKeys.get(key);
      if (known !== undefined) own[known] = inner;
      else Object.defineProperty(deeper, key, { value: inner, enumerable: true });
    }
    const fields = own['fields'] === undefined || own['fields'] === null || keysOnly ? below : stringList(own['fields'], '_fields');
    return this.level(own, collection, fields, deeper, depth + 1);
  }

  #sort(value: unknown, collection: Collection, aliases: Aliases): readonly Sort[] {
    const given = value === null || value === undefined ? [] : stringList(value, 'sort');
    const { primary } = collection;
    const asked = given.map((text) => this.#sortOne(text, collection, aliases));
    const settled = asked.some(
      ({ through, expression }) => through.length === 0 && expression.kind === 'column' && expression.field === primary,
    );
    // What is equal so far comes in the order of keys, so that pages do not overlap.
    if (settled || !primary.may.has('read')) return asked;
    return [...asked, { through: [], expression: { kind: 'column', field: primary }, descending: false }];
  }

  #sortOne(text: string, collection: Collection, aliases: Aliases): Sort {
    const descending = text.startsWith('-');
    const path = splitPath(descending ? text.slice(1) : text);
    const through: ToOne[] = [];
    let at = collection;
    for (const [index, name] of path.entries()) {
      const real = index === 0 ? (aliases.get(name) ?? name) : name;
      if (index === path.length - 1) {
        const expression = resolveExpression(at, parseFieldName(real), this.#model);
        if (expression.kind === 'column' && expression.field.kind === 'json') throw invalidQuery('"sort" names a JSON field');
        return { through, expression, descending };
      }
      const relation = readableOne(at, real, this.#model);
      if (relation === undefined) throw forbiddenField(real, at.name);
      through.push(relation);
      at = this.#model.collection(relation.related);
    }
    throw invalidQuery('"sort" names no field');
  }
}

export const parseQuery = (value: unknown, collection: Collection, model: Model): ItemsQuery => {
  const given = value ?? {};
  if (!isObject(given)) throw invalidQuery('The query has to be an object');
  for (const key of Object.keys(given)) if (!rootKeys.has(key)) throw invalidQuery(`There is no "${key.slice(0, 50)}" in a query`);
  const version = given['version'];
  if ((version !== null && version !== undefined) || given['versionRaw'] === true)
    throw invalidQuery('Content versions are not supported here');
  const deep = given['deep'] ?? {};
  if (!isObject(deep)) throw invalidQuery('"deep" has to be an object of relations');
  const fields = given['fields'];
  const list = fields === null || fields === undefined ? null : stringList(fields, 'fields');
  return new QueryParser(model).level(given, collection, list === null || list.length === 0 ? null : list, deep, 0);
};
