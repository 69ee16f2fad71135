// A query once it is understood: what is read of each level, and how the levels hang together. Types only; must never hold SQL.
import type { Condition } from './condition.ts';
import type { Expression } from './expression.ts';
import type { Collection, ToMany, ToOne } from './model.ts';

export interface Output {
  readonly key: string;
  readonly expression: Expression;
}

export interface Branch {
  readonly key: string;
  readonly relation: ToOne | ToMany;
  readonly query: ItemsQuery;
  /** Its items stand for themselves by their keys: a relation to many that was named without fields. */
  readonly keysOnly: boolean;
}

export interface Sort {
  /** Relations to one on the way to it. */
  readonly through: readonly ToOne[];
  readonly expression: Expression;
  readonly descending: boolean;
}

export type AggregateFunction = 'avg' | 'avgDistinct' | 'count' | 'countDistinct' | 'sum' | 'sumDistinct' | 'min' | 'max' | 'countAll';

export interface Aggregate {
  readonly fn: AggregateFunction;
  /** null: all of an item. */
  readonly expression: Expression | null;
  /** Where its value goes in an item. */
  readonly path: readonly string[];
}

export interface Aggregation {
  readonly groups: readonly Output[];
  readonly aggregates: readonly Aggregate[];
  /** By place among groups and aggregates. */
  readonly order: readonly { readonly place: number; readonly descending: boolean }[];
}

export interface ItemsQuery {
  readonly collection: Collection;
  /** Fields and relations in the order they are answered. */
  readonly keys: readonly string[];
  readonly outputs: readonly Output[];
  readonly branches: readonly Branch[];
  readonly filter: Condition;
  readonly sort: readonly Sort[];
  /** null: all. */
  readonly limit: number | null;
  readonly offset: number;
  readonly aggregation: Aggregation | null;
}
