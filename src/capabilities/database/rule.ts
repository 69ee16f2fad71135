// The condition language of row rules: from a grant's JSON to a small tree. Must never hold SQL: admission and role write their own.
import { type TSchema, Type } from '#typebox';
import { CloisterError } from '../../errors.ts';

/** What the host knows of a caller. Where a caller has none, it is NULL, and no comparison with it matches. */
export type RuleVariable = 'tenant' | 'user' | 'role' | `vars.${string}`;

export type RuleValue =
  | { readonly kind: 'constant'; readonly value: string | number | boolean }
  | { readonly kind: 'variable'; readonly name: RuleVariable };

/** As in SQL: NULL is neither equal nor unequal to anything, so a row with NULL matches `_null` alone. */
export const ruleOperators = ['_eq', '_neq', '_lt', '_lte', '_gt', '_gte', '_in', '_nin', '_null', '_nnull'] as const;
export type RuleOperator = (typeof ruleOperators)[number];

export type Rule =
  /** `values`: one; one or more for `_in` and `_nin`; none for `_null` and `_nnull`. */
  | { readonly kind: 'compare'; readonly column: string; readonly operator: RuleOperator; readonly values: readonly RuleValue[] }
  | { readonly kind: 'and' | 'or'; readonly rules: readonly Rule[] };

/** One part of a name as PostgreSQL keeps it. */
export const columnPattern = '^[^".\\u0000-\\u001f]{1,63}$';

const variableOf: ReadonlyMap<string, RuleVariable> = new Map([
  ['$tenant', 'tenant'],
  ['$accountability.user', 'user'],
  ['$accountability.role', 'role'],
]);

/** `$tenant.region`: of what the embedder says of the tenant. */
const ofTenant = /^\$tenant\.([A-Za-z_][A-Za-z0-9_]{0,62})$/;

/** A string that begins with `$` is one of the variables or an error: a spelling mistake must not become a constant. */
const valuePattern = '^(?:[^$][^\\u0000]*|\\$tenant(?:\\.[A-Za-z_][A-Za-z0-9_]{0,62})?|\\$accountability\\.(?:user|role)|)$';
export const ruleValue = Type.Union([Type.String({ pattern: valuePattern, maxLength: 1_000 }), Type.Number(), Type.Boolean()]);
const ruleList = Type.Array(ruleValue, { minItems: 1, maxItems: 1_000 });

/** By patterns and not ten properties: these stand at every level of every rule, and each costs a host time when it starts. */
const conditions: TSchema = Type.Unsafe<unknown>({
  type: 'object',
  patternProperties: { '^_(?:n?eq|[lg]te?)$': ruleValue, '^_n?in$': ruleList, '^_n?null$': Type.Literal(true) },
  additionalProperties: false,
  minProperties: 1,
});

/** How deeply _and and _or may nest. The schema is written out to that depth, so that it holds no reference of its own; one pattern stands for both, because a copy for each would double with every level. */
const ruleLevels = 4;
const makeRuleSchema = (levels: number): TSchema =>
  Type.Unsafe<unknown>({
    type: 'object',
    ...(levels === 0
      ? {}
      : { patternProperties: { '^_(?:and|or)$': Type.Array(makeRuleSchema(levels - 1), { minItems: 1, maxItems: 100 }) } }),
    additionalProperties: conditions,
    // A column whose name begins with an underscore can have a rule; what is spelled like an operator or a connective cannot.
    propertyNames: { pattern: columnPattern, not: { enum: [...ruleOperators] } },
    minProperties: 1,
  });

/** A rule as it stands in a grant. An empty one is an error: absence must never widen. */
export const ruleSchema = Type.Unsafe<unknown>({
  ...makeRuleSchema(ruleLevels),
  description: 'Which rows: { column: { _eq: value }, _and: […], _or: […] }, all of which must hold.',
});

const broken = (what: string): CloisterError => new CloisterError('ERR_MANIFEST_INVALID', `database grant: ${what}`);

export const parseRuleValue = (value: unknown): RuleValue => {
  if (typeof value === 'number' || typeof value === 'boolean') return { kind: 'constant', value };
  if (typeof value !== 'string') throw broken('the value of a rule is a string, a number or a boolean');
  if (!value.startsWith('$')) return { kind: 'constant', value };
  const named = ofTenant.exec(value)?.[1];
  const name = named === undefined ? variableOf.get(value) : (`vars.${named}` as const);
  if (name === undefined)
    throw broken(
      `a rule knows no variable ${value}; it knows ${[...variableOf.keys()].join(', ')}, $tenant.<name of a var of resolveTenant>`,
    );
  return { kind: 'variable', name };
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const together = (kind: 'and' | 'or', rules: readonly Rule[]): Rule => {
  const [only, ...more] = rules;
  if (only === undefined) throw broken('a rule is empty');
  return more.length === 0 ? only : { kind, rules };
};

const parseCondition = (column: string, operator: string, value: unknown): Rule => {
  const known = ruleOperators.find((name) => name === operator);
  if (known === undefined) throw broken(`a rule knows no operator ${operator}`);
  if (known === '_null' || known === '_nnull') {
    if (value !== true) throw broken(`${operator} takes true`);
    return { kind: 'compare', column, operator: known, values: [] };
  }
  const list = known === '_in' || known === '_nin';
  if (list && (!Array.isArray(value) || value.length === 0)) throw broken(`${operator} takes a list with something in it`);
  const values = list ? (value as readonly unknown[]) : [value];
  return { kind: 'compare', column, operator: known, values: values.map(parseRuleValue) };
};

/** Also for grants that no schema has seen: what does not fit is refused. */
export const parseRule = (value: unknown): Rule => {
  if (!isObject(value)) throw broken('a rule is an object');
  return together(
    'and',
    Object.entries(value).map(([key, inner]) => {
      if (key === '_and' || key === '_or') {
        if (!Array.isArray(inner)) throw broken(`${key} takes a list of rules`);
        return together(key === '_and' ? 'and' : 'or', inner.map(parseRule));
      }
      if (!isObject(inner)) throw broken(`the rule of column ${key} is an object of operators`);
      return together(
        'and',
        Object.entries(inner).map(([operator, operand]) => parseCondition(key, operator, operand)),
      );
    }),
  );
};

/** What both allow. */
export const bothRules = (left: Rule | null, right: Rule | null): Rule | null => {
  if (left === null || right === null) return left ?? right;
  const parts = [left, right].flatMap((rule) => (rule.kind === 'and' ? rule.rules : [rule]));
  const distinct = [...new Map(parts.map((rule) => [JSON.stringify(rule), rule])).values()];
  return together('and', distinct);
};

/** Columns a rule looks at. */
export const ruleColumns = (rule: Rule | null): ReadonlySet<string> => {
  if (rule === null) return new Set();
  return rule.kind === 'compare' ? new Set([rule.column]) : new Set(rule.rules.flatMap((one) => [...ruleColumns(one)]));
};

/** Whether a rule depends on who calls. */
export const hasVariables = (rule: Rule | null): boolean => {
  if (rule === null) return false;
  return rule.kind === 'compare' ? rule.values.some((value) => value.kind === 'variable') : rule.rules.some(hasVariables);
};
