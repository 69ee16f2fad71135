// One level of a query as one statement. Must never read a row for a parent that was not asked for, nor ask once per parent.
import type { Knex } from 'knex';
import type { Binding } from '../built-in.ts';
import { Compiler, type Scope } from './compile-condition.ts';
import { columnOf } from './compile-expression.ts';
import { around, arrayText, type Fragment, join, sql } from './fragment.ts';
import type { Model } from './model.ts';
import type { Aggregate, Aggregation, ItemsQuery, Sort } from './query.ts';

export interface Statement {
  readonly sql: string;
  readonly bindings: readonly Binding[];
}

/** The items of which parents: those whose `column` is one of `keys`. */
export interface Match {
  readonly column: string;
  readonly keys: readonly string[];
  /** Limit and offset count for each parent. */
  readonly paged: boolean;
}

const aggregateText: Readonly<Record<Aggregate['fn'], string>> = {
  avg: 'avg($$)',
  avgDistinct: 'avg(distinct $$)',
  count: 'count($$)',
  countDistinct: 'count(distinct $$)',
  sum: 'sum($$)',
  sumDistinct: 'sum(distinct $$)',
  min: 'min($$)',
  max: 'max($$)',
  countAll: 'count($$)',
};

const direction = (descending: boolean): string => (descending ? 'desc' : 'asc');

export class SelectCompiler {
  readonly #knex: Knex;
  readonly #model: Model;
  constructor(knex: Knex, model: Model) {
    this.#knex = knex;
    this.#model = model;
  }

  /** The columns of a row: those of the outputs, then `extra`, then that of the match. */
  items(query: ItemsQuery, extra: readonly string[], match: Match | null): Statement {
    const compiler = new Compiler(this.#model);
    const scope = compiler.openScope();
    const { alias } = scope;
    const columns = [
      ...query.outputs.map(({ expression }) => compiler.expression(expression, alias)),
      ...extra.map((name) => columnOf(alias, name)),
      ...(match === null ? [] : [columnOf(alias, match.column)]),
    ];
    const where = this.#where(query, compiler, scope, match);
    const order = query.sort.map((sort) => this.#sort(sort, compiler, scope));
    const single = match === null || (match.paged && match.keys.length === 1);
    const pages = query.limit !== null || query.offset > 0;
    if (single || !match.paged || !pages) {
      const select = this.#select(query, columns, scope, where);
      if (order.length > 0 && (match === null || match.paged)) this.#order(select, order);
      if (single) this.#page(select, query);
      return this.#finish(select);
    }
    return this.#finish(this.#pagedByParent(query, columns, scope, where, order));
  }

  /** The columns of a row: groups, aggregates, then the column of the match. */
  aggregation(query: ItemsQuery, { groups, aggregates, order }: Aggregation, match: Match | null): Statement {
    const compiler = new Compiler(this.#model);
    const scope = compiler.openScope();
    const columns = [
      ...groups.map(({ expression }) => compiler.expression(expression, scope.alias)),
      ...aggregates.map(({ fn, expression }) =>
        around(aggregateText[fn], expression === null ? sql('*') : compiler.expression(expression, scope.alias)),
      ),
      ...(match === null ? [] : [columnOf(scope.alias, match.column)]),
    ];
    const select = this.#select(query, columns, scope, this.#where(query, compiler, scope, match));
    const places = [...groups.keys(), ...(match === null ? [] : [columns.length - 1])];
    if (places.length > 0) select.groupByRaw(places.map((place) => String(place + 1)).join(', '));
    const ordered = order.map(({ place, descending }) => `${String(place + 1)} ${direction(descending)}`);
    if (ordered.length > 0) select.orderByRaw(ordered.join(', '));
    if (match === null) this.#page(select, query);
    return this.#finish(select);
  }

  #where(query: ItemsQuery, compiler: Compiler, scope: Scope, match: Match | null): Fragment | null {
    const own = compiler.condition(query.filter, scope, scope.alias);
    const parts = [
      ...(match === null ? [] : [sql('??.?? = any(?)', scope.alias, match.column, arrayText(match.keys))]),
      ...(own === null ? [] : [own]),
    ];
    return parts.length === 0 ? null : join(parts, ' and ');
  }

  #sort({ through, expression, descending }: Sort, compiler: Compiler, scope: Scope): Fragment {
    const alias = through.reduce((from, relation) => scope.through(from, relation), scope.alias);
    return around(`$$ ${direction(descending)}`, compiler.expression(expression, alias));
  }

  #select({ collection }: ItemsQuery, columns: readonly Fragment[], scope: Scope, where: Fragment | null): Knex.QueryBuilder {
    const select = this.#knex
      .queryBuilder()
      .select(this.#raw(join(columns, ', ')))
      .from(this.#raw(sql('??.?? as ??', collection.schema, collection.table, scope.alias)));
    for (const one of scope.joins) select.joinRaw(one.sql, [...one.bindings]);
    if (where !== null) select.whereRaw(where.sql, [...where.bindings]);
    return select;
  }

  /** Numbered for each parent by itself, so that one statement serves them all. */
  #pagedByParent(
    query: ItemsQuery,
    columns: readonly Fragment[],
    scope: Scope,
    where: Fragment | null,
    order: readonly Fragment[],
  ): Knex.QueryBuilder {
    const parent = columns.at(-1) ?? sql('null');
    const window = order.length === 0 ? parent : around('$$ order by $$', parent, join(order, ', '));
    const named = columns.map((column, index) => around(`$$ as c${String(index)}`, column));
    const inner = this.#select(query, [...named, around('row_number() over (partition by $$) as n', window)], scope, where);
    const names = columns.map((_column, index) => `w.c${String(index)}`).join(', ');
    const outer = this.#knex
      .queryBuilder()
      .select(this.#knex.raw(names))
      .from(inner.as('w'))
      .whereRaw('w.n > ?', [query.offset])
      .orderByRaw('w.n');
    if (query.limit !== null) outer.whereRaw('w.n <= ?', [query.offset + query.limit]);
    return outer;
  }

  #order(select: Knex.QueryBuilder, order: readonly Fragment[]): void {
    select.orderByRaw(this.#raw(join(order, ', ')));
  }

  #page(select: Knex.QueryBuilder, { limit, offset }: ItemsQuery): void {
    if (limit !== null) select.limit(limit);
    if (offset > 0) select.offset(offset);
  }

  #raw({ sql: text, bindings }: Fragment): Knex.Raw {
    return this.#knex.raw(text, bindings);
  }

  #finish(select: Knex.QueryBuilder): Statement {
    const { sql: text, bindings } = select.toSQL().toNative();
    return { sql: text, bindings: bindings as readonly Binding[] };
  }
}
