// A row rule as an expression of the parse tree. Must never widen: what it cannot say, it throws at.
import type { Rule, RuleOperator, RuleValue, RuleVariable } from '../rule.ts';
import { and, column, compare, isNull, literal, oneOf, or, parameter } from './build.ts';

/** Gives each use of a variable the number of its parameter. */
export type NumberOf = (variable: RuleVariable, key: string) => number;

const comparison: ReadonlyMap<RuleOperator, string> = new Map([
  ['_eq', '='],
  ['_neq', '<>'],
  ['_lt', '<'],
  ['_lte', '<='],
  ['_gt', '>'],
  ['_gte', '>='],
]);

/** `key` names the column: a parameter has one type, so uses for columns of different types need parameters of their own. */
export const valueExpression = (value: RuleValue, key: string, numberOf: NumberOf): unknown =>
  value.kind === 'constant' ? literal(String(value.value)) : parameter(numberOf(value.name, key));

/** `table` is what the row is called where the expression stands; `key` what the table is. */
export const ruleExpression = (rule: Rule, table: string, key: string, numberOf: NumberOf): unknown => {
  if (rule.kind !== 'compare') {
    const parts = rule.rules.map((one) => ruleExpression(one, table, key, numberOf));
    return rule.kind === 'and' ? and(parts) : or(parts);
  }
  const { operator } = rule;
  const left = column(table, rule.column);
  const values = rule.values.map((value) => valueExpression(value, `${key}.${rule.column}`, numberOf));
  if (operator === '_null' || operator === '_nnull') return isNull(left, operator === '_nnull');
  if (operator === '_in' || operator === '_nin') return oneOf(operator === '_in' ? '=' : '<>', left, values);
  const sign = comparison.get(operator);
  if (sign === undefined || values[0] === undefined) throw new Error(`a rule with ${operator} cannot be written`);
  return compare(sign, left, values[0]);
};
