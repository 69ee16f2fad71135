// A row rule as the text of a policy. Pure; must never compare in another type than the column's, nor let a value in unquoted.
import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Rule, RuleOperator, RuleValue, RuleVariable } from '../rule.ts';
import { callerSchema } from './caller-schema.ts';

export interface ColumnFacts {
  readonly name: string;
  /** Of a domain, what it is made from. */
  readonly typeSchema: string;
  readonly typeName: string;
  /** Of PostgreSQL's category of strings. */
  readonly isText: boolean;
}

const callOf = (name: RuleVariable): string => {
  switch (name) {
    case 'tenant':
      return 'tenant()';
    case 'user':
      return 'accountability_user()';
    case 'role':
      return 'accountability_role()';
    default:
      return `tenant_var(${escapeLiteral(name.slice('vars.'.length))})`;
  }
};

const comparisons: Readonly<Partial<Record<RuleOperator, string>>> = {
  _eq: '=',
  _neq: '<>',
  _lt: '<',
  _lte: '<=',
  _gt: '>',
  _gte: '>=',
  _in: '=',
  _nin: '<>',
};

/**
 * A scalar sub-select is computed once per statement, and an index can be used with it.
 * The cast names the type without a length: `'tenant-10'::varchar(8)` would silently be another tenant. Text is left as text for the same reason.
 */
const variableSql = (name: RuleVariable, column: ColumnFacts): string => {
  const call = `${callerSchema}.${callOf(name)}`;
  const cast = column.isText ? '' : `::${escapeIdentifier(column.typeSchema)}.${escapeIdentifier(column.typeName)}`;
  return `(SELECT ${call}${cast})`;
};

/** A constant stays a literal of no type: PostgreSQL reads it in the column's, or refuses the policy. */
export const valueSql = (value: RuleValue, column: ColumnFacts): string =>
  value.kind === 'variable' ? variableSql(value.name, column) : escapeLiteral(String(value.value));

const compareSql = (rule: Extract<Rule, { readonly kind: 'compare' }>, column: ColumnFacts): string => {
  const name = escapeIdentifier(rule.column);
  if (rule.operator === '_null') return `${name} IS NULL`;
  if (rule.operator === '_nnull') return `${name} IS NOT NULL`;
  const one = (value: RuleValue): string => `${name} ${comparisons[rule.operator] ?? ''} ${valueSql(value, column)}`;
  return `(${rule.values.map(one).join(rule.operator === '_nin' ? ' AND ' : ' OR ')})`;
};

/** `columns` holds every column of the rule: what the table does not have was refused before. */
export const ruleSql = (rule: Rule, columns: ReadonlyMap<string, ColumnFacts>): string => {
  if (rule.kind !== 'compare') return `(${rule.rules.map((one) => ruleSql(one, columns)).join(rule.kind === 'and' ? ' AND ' : ' OR ')})`;
  const column = columns.get(rule.column);
  return column === undefined ? 'false' : compareSql(rule, column);
};
