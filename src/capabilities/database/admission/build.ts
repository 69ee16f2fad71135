// Makes nodes of a parse tree, in the very form the parser gives them: what is written as SQL is parsed again and compared. Must never take SQL text.
import type { TreeNode } from './parser.ts';

/** A tree that is being rewritten: the parser's own output, of which nobody else holds a reference. */
export type Draft = Record<string, unknown>;

export const name = (text: string): Draft => ({ String: { sval: text } });

export const column = (...path: readonly string[]): Draft => ({ ColumnRef: { fields: path.map(name) } });

export const star = (): Draft => ({ ColumnRef: { fields: [{ A_Star: {} }] } });

export const parameter = (number: number): Draft => ({ ParamRef: { number } });

/** A quoted literal: PostgreSQL gives it the type of what it is compared with or assigned to. */
export const literal = (text: string): Draft => ({ A_Const: { sval: text === '' ? {} : { sval: text } } });

const integer = (value: number): Draft => ({ A_Const: { ival: value === 0 ? {} : { ival: value } } });

export const no = (): Draft => ({ A_Const: { boolval: {} } });

const operation = (kind: string, operator: string, lexpr: unknown, rexpr: unknown): Draft => ({
  A_Expr: { kind, name: [name(operator)], lexpr, rexpr },
});

export const compare = (operator: string, left: unknown, right: unknown): Draft => operation('AEXPR_OP', operator, left, right);

export const oneOf = (operator: '=' | '<>', left: unknown, list: readonly unknown[]): Draft =>
  operation('AEXPR_IN', operator, left, { List: { items: list } });

export const isNull = (arg: unknown, not = false): Draft => ({
  NullTest: { arg, nulltesttype: not ? 'IS_NOT_NULL' : 'IS_NULL' },
});

const isTrue = (arg: unknown): Draft => ({ BooleanTest: { arg, booltesttype: 'IS_TRUE' } });

/** The parser keeps no chain of ANDs inside another, so neither does this. */
const join = (boolop: 'AND_EXPR' | 'OR_EXPR', parts: readonly unknown[]): unknown => {
  const args = parts.flatMap((part) => {
    const inner = (part as TreeNode)['BoolExpr'] as TreeNode | undefined;
    return inner?.['boolop'] === boolop ? (inner['args'] as readonly unknown[]) : [part];
  });
  return args.length === 1 ? args[0] : { BoolExpr: { boolop, args } };
};
export const and = (parts: readonly unknown[]): unknown => join('AND_EXPR', parts);
export const or = (parts: readonly unknown[]): unknown => join('OR_EXPR', parts);

const choose = (condition: unknown, result: unknown, otherwise?: unknown): Draft => ({
  CaseExpr: { args: [{ CaseWhen: { expr: condition, result } }], ...(otherwise === undefined ? {} : { defresult: otherwise }) },
});

/** `then` is computed only where `condition` holds: CASE is the one form PostgreSQL never reorders. */
export const guarded = (condition: unknown, then: unknown): Draft => choose(condition, then, no());

const cast = (arg: unknown, type: readonly string[]): Draft => ({
  TypeCast: { arg, typeName: { names: type.map(name), typemod: -1 } },
});

/** The text by which the host knows the error of {@link raiseUnless}. */
export const ruleMark = 'cloister: the row is outside the grant';

/**
 * 0 where the condition is true, an error everywhere else. The error comes of a value that depends on the row,
 * because a constant one would be computed before there is any row.
 */
export const raiseUnless = (condition: unknown): Draft =>
  choose(
    isTrue(condition),
    integer(0),
    cast(compare('||', literal(ruleMark), cast(isTrue(structuredClone(condition)), ['text'])), ['pg_catalog', 'int4']),
  );

/** `value`, behind {@link raiseUnless}. */
export const checked = (condition: unknown, value: unknown): Draft => choose(compare('=', raiseUnless(condition), integer(0)), value);

export const target = (val: unknown, as?: string): Draft => ({ ResTarget: as === undefined ? { val } : { name: as, val } });
