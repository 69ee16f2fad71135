// A filter once it is understood: every name resolved, every value checked. Types only; must never hold SQL.
import type { Expression } from './expression.ts';
import type { ToMany, ToOne } from './model.ts';

export type Comparison = '_eq' | '_neq' | '_lt' | '_lte' | '_gt' | '_gte';

export interface Pattern {
  readonly where: 'start' | 'end' | 'anywhere';
  readonly not: boolean;
  readonly anyCase: boolean;
}

/** What one value is tested for. Values are text, as PostgreSQL reads it; it takes the type of what it is compared with. */
export type Test =
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly value: string }
  | { readonly kind: 'null'; readonly not: boolean }
  | { readonly kind: 'empty'; readonly not: boolean }
  | { readonly kind: 'list'; readonly not: boolean; readonly values: readonly string[] }
  | { readonly kind: 'between'; readonly not: boolean; readonly low: string; readonly high: string }
  | { readonly kind: 'like'; readonly pattern: Pattern; readonly value: string };

/** A test of a JSON document's value, whose type is only known row by row: of another type it is false. */
export interface JsonTest {
  readonly type: 'number' | 'string' | 'boolean' | 'any';
  readonly test: Test;
}

export type Condition =
  | { readonly kind: 'all' | 'any'; readonly parts: readonly Condition[] }
  | { readonly kind: 'test'; readonly expression: Expression; readonly test: Test }
  | { readonly kind: 'json'; readonly expression: Expression & { readonly kind: 'json' }; readonly json: JsonTest }
  /** Of the one related item; every field of it is null where there is none. */
  | { readonly kind: 'one'; readonly relation: ToOne; readonly condition: Condition }
  /** There is, or is not, a related item like this. */
  | { readonly kind: 'many'; readonly relation: ToMany; readonly none: boolean; readonly condition: Condition };

export const everything: Condition = { kind: 'all', parts: [] };
