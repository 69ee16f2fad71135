// What stands in place of a table that is read: its granted columns of its granted rows, under its own name. Must never show more.
import type { OperationGrant, ResolvedGrant, TableWish } from '../grant.ts';
import { type Operation, tableKey } from '../names.ts';
import { bothRules, type Rule, type RuleVariable } from '../rule.ts';
import { and, column, type Draft, star, target } from './build.ts';
import type { Calm } from './calm.ts';
import type { Catalog } from './catalog.ts';
import type { ColumnUses } from './column-uses.ts';
import type { TreeNode } from './parser.ts';
import { ruleExpression } from './rule-expression.ts';
import { isNode, structOf, textOf } from './tree.ts';

/** What one statement is rewritten by. */
export interface RewriteContext {
  readonly grant: ResolvedGrant;
  readonly catalog: Catalog;
  /** `key.operation` of all that the statement needs. */
  readonly needs: ReadonlySet<string>;
  /** It takes locks on what it reads, which is an update to the rules. */
  readonly locks: boolean;
  /** No condition in it can tell of a row by failing. */
  readonly isCalm: boolean;
  readonly calm: Calm;
  /** Hears of the columns that names mean; absent where nobody learns from them. */
  readonly uses?: ColumnUses;
}

/** The parameters that rules and forced values add, after the guest's own. */
export class Parameters {
  readonly extra: RuleVariable[] = [];
  readonly #first: number;
  readonly #numbers = new Map<string, number>();
  constructor(guests: number) {
    this.#first = guests + 1;
  }

  readonly numberOf = (variable: RuleVariable, key: string): number => {
    const id = `${variable} ${key}`;
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    const number = this.#first + this.extra.length;
    this.extra.push(variable);
    this.#numbers.set(id, number);
    return number;
  };
}

/** The highest number among the guest's parameters. */
export const countParameters = (value: unknown): number => {
  if (Array.isArray(value)) return value.reduce<number>((most, item) => Math.max(most, countParameters(item)), 0);
  if (!isNode(value)) return 0;
  const own = Number(structOf(value['ParamRef'])['number'] ?? 0);
  return Object.values(value).reduce<number>((most, item) => Math.max(most, countParameters(item)), own);
};

const everything: OperationGrant = { columns: 'all', rows: null, defaults: new Map() };

/** The table as it is granted; of the extension's own schema, everything. */
export const grantOf = ({ grant }: RewriteContext, key: string, operation: Operation): OperationGrant => {
  const table = grant.tables.get(key);
  if (table === undefined) return everything;
  // The policy has refused what needs an operation that is not there: here it is of no use to anybody.
  return table.operations.get(operation) ?? { columns: new Set(), rows: null, defaults: new Map() };
};

/** Granted columns in the table's own order. */
export const orderedColumns = ({ catalog }: RewriteContext, key: string, columns: ReadonlySet<string> | 'all'): readonly string[] =>
  (catalog.get(key) ?? []).map((one) => one.name).filter((one) => columns === 'all' || columns.has(one));

/** The rule for reading a table in this statement. */
export const readRule = (context: RewriteContext, key: string): Rule | null => {
  const { rows } = grantOf(context, key, 'read');
  return context.locks && context.needs.has(`${key}.update`) ? bothRules(rows, grantOf(context, key, 'update').rows) : rows;
};

export const isRestricted = (context: RewriteContext, key: string): boolean =>
  grantOf(context, key, 'read').columns !== 'all' || readRule(context, key) !== null;

export const plainSelect = (parts: Draft): Draft => ({ limitOption: 'LIMIT_OPTION_DEFAULT', op: 'SETOP_NONE', ...parts });

/**
 * A sub-query PostgreSQL flattens where nothing speaks against it, so it costs nothing then. `pushed` are conditions of the statement that
 * cannot fail. Where one of the others can, OFFSET 0 keeps it from being computed for rows that the rule would have hidden.
 */
export const makeShadow = (
  relation: TreeNode,
  table: Pick<TableWish, 'schema' | 'name'>,
  context: RewriteContext,
  parameters: Parameters,
  pushed: readonly unknown[],
): Draft => {
  const key = tableKey(table.schema, table.name);
  const { columns } = grantOf(context, key, 'read');
  const rule = readRule(context, key);
  const list = columns === 'all' ? [target(star())] : orderedColumns(context, key, columns).map((one) => target(column(table.name, one)));
  const conditions = [...(rule === null ? [] : [ruleExpression(rule, table.name, key, parameters.numberOf)]), ...pushed];
  const fenced = rule !== null && !context.isCalm;
  const { schema: schemaname, name: relname } = table;
  const select = plainSelect({
    ...(list.length === 0 ? {} : { targetList: list }),
    fromClause: [{ RangeVar: { schemaname, relname, ...(relation['inh'] === true ? { inh: true } : {}), relpersistence: 'p' } }],
    ...(conditions.length === 0 ? {} : { whereClause: and(conditions) }),
    ...(fenced ? { limitOffset: { A_Const: { ival: {} } }, limitOption: 'LIMIT_OPTION_COUNT' } : {}),
  });
  const alias = structOf(relation['alias']);
  return {
    RangeSubselect: {
      subquery: { SelectStmt: select },
      alias: { ...alias, aliasname: textOf(alias['aliasname']) ?? table.name },
    },
  };
};
