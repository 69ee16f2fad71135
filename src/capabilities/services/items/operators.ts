// The operators of a filter: which kinds of field each is for, and what it makes of its value. Must never let a value through unchecked.
import type { Comparison, JsonTest, Pattern, Test } from './condition.ts';
import { invalidQuery } from './errors.ts';
import type { Kind } from './model.ts';
import { operandOf, operandsOf } from './operand.ts';

const comparisons: ReadonlySet<string> = new Set<Comparison>(['_eq', '_neq', '_lt', '_lte', '_gt', '_gte']);
const isComparison = (operator: string): operator is Comparison => comparisons.has(operator);

const like = (where: Pattern['where'], not = false, anyCase = false): Pattern => ({ where, not, anyCase });
const patterns: ReadonlyMap<string, Pattern> = new Map([
  ['_contains', like('anywhere')],
  ['_ncontains', like('anywhere', true)],
  ['_icontains', like('anywhere', false, true)],
  ['_starts_with', like('start')],
  ['_nstarts_with', like('start', true)],
  ['_istarts_with', like('start', false, true)],
  ['_nistarts_with', like('start', true, true)],
  ['_ends_with', like('end')],
  ['_nends_with', like('end', true)],
  ['_iends_with', like('end', false, true)],
  ['_niends_with', like('end', true, true)],
]);
const geometry: ReadonlySet<string> = new Set(['_intersects', '_nintersects', '_intersects_bbox', '_nintersects_bbox']);
const validation: ReadonlySet<string> = new Set(['_submitted', '_regex']);

/** null and not null are asked with a boolean; Directus reads `"_null": false` as its opposite. */
const flags: ReadonlyMap<string, { readonly kind: 'null' | 'empty'; readonly not: boolean }> = new Map([
  ['_null', { kind: 'null', not: false }],
  ['_nnull', { kind: 'null', not: true }],
  ['_empty', { kind: 'empty', not: false }],
  ['_nempty', { kind: 'empty', not: true }],
] as const);

const plain = new Set([...comparisons, '_in', '_nin', '_between', '_nbetween', ...flags.keys(), ...patterns.keys()]);
const known = new Set([...plain, ...geometry, ...validation, '_json']);
export const isOperator = (key: string): boolean => known.has(key);

const ordered: ReadonlySet<Kind> = new Set<Kind>(['integer', 'number', 'date', 'dateTime', 'timestamp', 'time', 'text']);
const equal: ReadonlySet<Kind> = new Set<Kind>([...ordered, 'boolean', 'uuid', 'other']);

const kindsFor = (operator: string): ReadonlySet<Kind> => {
  if (patterns.has(operator)) return new Set(['text']);
  if (operator === '_eq' || operator === '_neq' || operator === '_in' || operator === '_nin') return equal;
  return ordered;
};

const flagTest = (operator: string, value: unknown): Test | undefined => {
  const flag = flags.get(operator);
  if (flag === undefined) return undefined;
  if (typeof value !== 'boolean') throw invalidQuery(`"${operator}" has to be a boolean`);
  return { kind: flag.kind, not: value ? flag.not : !flag.not };
};

const valueTest = (operator: string, value: unknown, kind: Kind): Test => {
  const pattern = patterns.get(operator);
  if (pattern !== undefined) return { kind: 'like', pattern, value: operandOf(value, 'text', operator) };
  if (operator === '_in' || operator === '_nin')
    return { kind: 'list', not: operator === '_nin', values: operandsOf(value, kind, operator) };
  if (operator === '_between' || operator === '_nbetween') {
    const [low, high, more] = operandsOf(value, kind, operator);
    if (low === undefined || high === undefined || more !== undefined) throw invalidQuery(`"${operator}" has to be an array of two values`);
    return { kind: 'between', not: operator === '_nbetween', low, high };
  }
  if (!isComparison(operator)) throw invalidQuery(`There is no operator "${operator.slice(0, 50)}"`);
  return { kind: 'compare', operator, value: operandOf(value, kind, operator) };
};

const refuseOther = (operator: string): void => {
  if (geometry.has(operator)) throw invalidQuery(`The operator "${operator}" is for geometries, which are not supported here`);
  if (validation.has(operator)) throw invalidQuery(`The operator "${operator}" is for validation and not for queries`);
  if (operator === '_json') throw invalidQuery('"_json" is for JSON fields');
  if (!plain.has(operator)) throw invalidQuery(`There is no operator "${operator.slice(0, 50)}"`);
};

/** One operator of one field of a kind. */
export const parseTest = (operator: string, value: unknown, kind: Kind): Test => {
  refuseOther(operator);
  const flag = flagTest(operator, value);
  if (flag !== undefined) return flag;
  if (value === null && (operator === '_eq' || operator === '_neq')) return { kind: 'null', not: operator === '_neq' };
  if (!kindsFor(operator).has(kind)) throw invalidQuery(`The operator "${operator}" cannot be used on a field of this type`);
  return valueTest(operator, value, kind);
};

const typeOfOperands = (operator: string, value: unknown): JsonTest['type'] => {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (Array.isArray(value) && value.some((one) => typeof one !== typeof first))
    throw invalidQuery(`"${operator}" in a JSON document takes values of one type`);
  if (typeof first === 'number') return 'number';
  if (typeof first === 'boolean') return 'boolean';
  return 'string';
};

const kindOfType = { number: 'number', string: 'text', boolean: 'boolean', any: 'text' } as const;

/** One operator of a place in a JSON document: the value says which type it is about. */
export const parseJsonTest = (operator: string, value: unknown): JsonTest => {
  refuseOther(operator);
  const flag = flagTest(operator, value);
  if (flag !== undefined) return { type: 'any', test: flag };
  if (value === null && (operator === '_eq' || operator === '_neq'))
    return { type: 'any', test: { kind: 'null', not: operator === '_neq' } };
  const type = patterns.has(operator) ? 'string' : typeOfOperands(operator, value);
  const kind = kindOfType[type];
  if (!kindsFor(operator).has(kind)) throw invalidQuery(`The operator "${operator}" cannot be used on a value of this type`);
  return { type, test: valueTest(operator, value, kind) };
};
