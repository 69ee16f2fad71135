// Puts the rules and columns of a grant into INSERT, UPDATE and DELETE. Must never let a row be written that its rule does not fit.
import { defaultSchema, type Operation, tableKey, tableLabel } from '../names.ts';
import { bothRules, type Rule, type RuleValue, ruleColumns } from '../rule.ts';
import { and, checked, type Draft, guarded, raiseUnless, target } from './build.ts';
import { everyColumn } from './column-uses.ts';
import { Refusal } from './refusal.ts';
import { type Columns, draftOf, draftsOf, expandItem, outputOf, type Queries, type Rewriter, starFields } from './rewriter.ts';
import { ruleExpression, valueExpression } from './rule-expression.ts';
import { checkUnqualified, type Item, openScope, type Scope } from './scope.ts';
import { grantOf, orderedColumns, plainSelect } from './shadow.ts';
import { listOf, structOf, tagOf, textOf } from './tree.ts';

interface Target {
  readonly key: string;
  readonly label: string;
  readonly item: Item;
  /** What the statement calls it. */
  readonly name: string;
}

const openTarget = (rewriter: Rewriter, relation: Draft): Target => {
  const table = rewriter.resolve(relation);
  const key = tableKey(table.schema, table.name);
  if (table.schema !== defaultSchema) relation['schemaname'] = table.schema;
  const alias = textOf(structOf(relation['alias'])['aliasname']);
  const { columns } = grantOf(rewriter.context, key, 'read');
  const name = alias ?? table.name;
  return {
    key,
    label: tableLabel(table.schema, table.name),
    name,
    item: {
      name,
      key,
      schema: alias === undefined ? table.schema : undefined,
      columns: orderedColumns(rewriter.context, key, columns),
      open: columns === 'all',
      bare: columns !== 'all',
    },
  };
};

/** The names of what INSERT or SET writes, each granted. */
const written = (rewriter: Rewriter, { key, label }: Target, list: unknown, operation: Operation): readonly string[] => {
  const { columns, defaults } = grantOf(rewriter.context, key, operation);
  return draftsOf(list).map((item) => {
    const column = textOf(draftOf(item['ResTarget'])['name']) ?? '';
    if ((columns !== 'all' && !columns.has(column)) || defaults.has(column))
      throw new Refusal(`tables.${label}.${operation}`, `the statement sets ${label}.${column}, which is not granted`);
    rewriter.context.uses?.take(key, operation, column);
    return column;
  });
};

const ruleFor = (rewriter: Rewriter, { key, name }: Target, rule: Rule): unknown =>
  ruleExpression(rule, name, key, rewriter.parameters.numberOf);

/** The rule of what is changed; where the statement looks at its rows, the rule of reading too. */
const changeRule = (rewriter: Rewriter, { key }: Target, operation: Operation): Rule | null => {
  const { context } = rewriter;
  const { rows } = grantOf(context, key, operation);
  return context.needs.has(`${key}.read`) ? bothRules(rows, grantOf(context, key, 'read').rows) : rows;
};

/** The guest's own conditions see only rows that the rule shows: those that could fail stand inside a CASE on it. */
const restrict = (rewriter: Rewriter, value: Draft, at: Target, rule: Rule | null): void => {
  if (rule === null) return;
  const condition = draftOf(value['whereClause']);
  const bool = draftOf(condition['BoolExpr']);
  const parts = value['whereClause'] === undefined ? [] : bool['boolop'] === 'AND_EXPR' ? listOf(bool['args']) : [condition];
  const calm = parts.filter((part) => rewriter.context.calm.expression(part));
  const rest = parts.filter((part) => !calm.includes(part));
  value['whereClause'] = and([
    ruleFor(rewriter, at, rule),
    ...calm,
    ...(rest.length === 0 ? [] : [guarded(ruleFor(rewriter, at, rule), and(rest))]),
  ]);
};

/** RETURNING, and the check of new rows that goes into it. */
const finish = (rewriter: Rewriter, value: Draft, at: Target, scope: Scope, queries: Queries, rule: Rule | null, top: boolean): Columns => {
  if (value['returningClause'] === undefined) {
    if (rule === null) return { columns: [], open: false };
    value['returningClause'] = { exprs: [target(raiseUnless(ruleFor(rewriter, at, rule)), 'cloister_check')] };
    if (top) rewriter.checkColumns = 1;
    return { columns: [], open: true };
  }
  const clause = draftOf(value['returningClause']);
  if (clause['options'] !== undefined && (rule !== null || at.item.bare === true))
    throw new Refusal('syntax', 'RETURNING WITH is not admitted on a table with rules or columns');
  const { item } = at;
  for (const name of ['old', 'new']) scope.items.push({ ...item, name, schema: undefined, qualifiedOnly: true });
  if (rule === null) return rewriter.targets(clause, 'exprs', scope, queries);
  // A star cannot carry the check, and a list that is written out can.
  const list = draftsOf(clause['exprs']).flatMap((one) => {
    const stars = starFields(draftOf(draftOf(one['ResTarget'])['val']));
    if (stars === undefined || item.bare === true) return [one];
    const items = stars.length === 0 ? scope.items.filter((other) => other.qualifiedOnly !== true) : [item];
    if (stars.length > 0 && stars.at(-1) !== item.name) return [one];
    return items.flatMap((other) => expandItem(other === item ? { ...item, bare: true } : other));
  });
  clause['exprs'] = list;
  const found = rewriter.targets(clause, 'exprs', scope, queries);
  const all = draftsOf(clause['exprs']).map((one) => draftOf(one['ResTarget']));
  const carrier = all.find((one) => one['name'] !== undefined || structOf(one['val'])['ColumnRef'] !== undefined) ?? all[0];
  const isStar = carrier === undefined || starFields(draftOf(carrier['val'])) !== undefined;
  if (isStar) throw new Refusal('syntax', 'RETURNING names no column of the table, which the check of its rows needs');
  carrier['name'] ??= outputOf(draftOf(carrier['val']), scope).columns[0] ?? '?column?';
  carrier['val'] = checked(ruleFor(rewriter, at, rule), carrier['val']);
  return found;
};

/** A forced value makes a rule true of every new row; of a caller's user or role that is only so where he has one. */
const isImplied = (rule: Rule, defaults: ReadonlyMap<string, RuleValue>): boolean => {
  if (rule.kind !== 'compare') {
    const parts = rule.rules.map((one) => isImplied(one, defaults));
    return rule.kind === 'and' ? !parts.includes(false) : parts.includes(true);
  }
  const forced = defaults.get(rule.column);
  if (rule.operator !== '_eq' || forced === undefined) return false;
  const certain = forced.kind === 'constant' || forced.name === 'tenant';
  return certain && JSON.stringify(forced) === JSON.stringify(rule.values[0]);
};

/** Appends to each row of VALUES, or to each arm of a query. */
const append = (select: Draft, values: () => readonly unknown[]): void => {
  if (select['larg'] !== undefined) {
    append(draftOf(select['larg']), values);
    append(draftOf(select['rarg']), values);
  } else if (select['valuesLists'] !== undefined) {
    for (const row of draftsOf(select['valuesLists'])) {
      const list = draftOf(row['List']);
      list['items'] = [...listOf(list['items']), ...values()];
    }
  } else select['targetList'] = [...listOf(select['targetList']), ...values().map((one) => target(one))];
};

const force = (rewriter: Rewriter, value: Draft, { key }: Target): void => {
  const { defaults } = grantOf(rewriter.context, key, 'create');
  if (defaults.size === 0) return;
  const values = (): readonly unknown[] =>
    [...defaults].map(([column, forced]) => valueExpression(forced, `${key}.${column} forced`, rewriter.parameters.numberOf));
  value['cols'] = [...listOf(value['cols']), ...[...defaults.keys()].map((column) => ({ ResTarget: { name: column } }))];
  const source = draftOf(value['selectStmt']);
  if (source['SelectStmt'] !== undefined) append(draftOf(source['SelectStmt']), values);
  else value['selectStmt'] = { SelectStmt: plainSelect({ valuesLists: [{ List: { items: values() } }] }) };
};

const conflict = (rewriter: Rewriter, clause: Draft, at: Target, scope: Scope, queries: Queries): Rule | null => {
  const infer = draftOf(clause['infer']);
  const { uses } = rewriter.context;
  // Which columns a constraint is about is not in the statement.
  if (infer['conname'] !== undefined) uses?.readAll(at.item);
  if (infer['conname'] !== undefined && at.item.bare === true)
    throw new Refusal('columns', 'a conflict names its columns, not a constraint, where not all columns are granted');
  for (const element of draftsOf(infer['indexElems']).map((one) => draftOf(one['IndexElem']))) {
    const column = textOf(element['name']);
    if (column !== undefined) uses?.readUnqualified(scope, column);
    if (column !== undefined) checkUnqualified(scope, column, false);
    rewriter.expression(element['expr'], scope, queries);
  }
  rewriter.expression(infer['whereClause'], scope, queries);
  if (clause['action'] !== 'ONCONFLICT_UPDATE') return null;
  const set = written(rewriter, at, clause['targetList'], 'update');
  for (const one of draftsOf(clause['targetList'])) rewriter.expression(draftOf(one['ResTarget'])['val'], scope, queries);
  rewriter.expression(clause['whereClause'], scope, queries);
  restrict(rewriter, clause, at, changeRule(rewriter, at, 'update'));
  const { rows } = grantOf(rewriter.context, at.key, 'update');
  return set.some((column) => ruleColumns(rows).has(column)) ? rows : null;
};

const insert = (rewriter: Rewriter, value: Draft, given: Queries, top: boolean): Columns => {
  const queries = rewriter.with(value, null, given);
  const at = openTarget(rewriter, draftOf(value['relation']));
  const { columns, rows, defaults } = grantOf(rewriter.context, at.key, 'create');
  if (value['cols'] === undefined && value['selectStmt'] !== undefined && (columns !== 'all' || defaults.size > 0))
    throw new Refusal(
      `tables.${at.label}.create`,
      `the statement does not name the columns of ${at.label} that it sets, and not all are granted`,
    );
  if (value['cols'] === undefined && value['selectStmt'] !== undefined) rewriter.context.uses?.take(at.key, 'create', everyColumn);
  written(rewriter, at, value['cols'], 'create');
  if (value['selectStmt'] !== undefined) rewriter.statement(draftOf(value['selectStmt']), null, queries, false);
  force(rewriter, value, at);
  const scope = openScope(null);
  scope.items.push(at.item, { ...at.item, name: 'excluded', schema: undefined, qualifiedOnly: true });
  const onConflict = value['onConflictClause'];
  const updateRule = onConflict === undefined ? null : conflict(rewriter, draftOf(onConflict), at, scope, queries);
  scope.items.pop();
  const rule = bothRules(rows !== null && isImplied(rows, defaults) ? null : rows, updateRule);
  return finish(rewriter, value, at, scope, queries, rule, top);
};

const update = (rewriter: Rewriter, value: Draft, given: Queries, top: boolean): Columns => {
  const queries = rewriter.with(value, null, given);
  const at = openTarget(rewriter, draftOf(value['relation']));
  const scope = openScope(null);
  scope.items.push(at.item);
  const set = written(rewriter, at, value['targetList'], 'update');
  if (value['fromClause'] !== undefined)
    value['fromClause'] = draftsOf(value['fromClause']).map((item) => rewriter.fromItem(item, scope, queries));
  for (const one of draftsOf(value['targetList'])) rewriter.expression(draftOf(one['ResTarget']), scope, queries);
  rewriter.expression(value['whereClause'], scope, queries);
  restrict(rewriter, value, at, changeRule(rewriter, at, 'update'));
  const { rows } = grantOf(rewriter.context, at.key, 'update');
  const moves = set.some((column) => ruleColumns(rows).has(column));
  return finish(rewriter, value, at, scope, queries, moves ? rows : null, top);
};

const remove = (rewriter: Rewriter, value: Draft, given: Queries, top: boolean): Columns => {
  const queries = rewriter.with(value, null, given);
  const at = openTarget(rewriter, draftOf(value['relation']));
  const scope = openScope(null);
  scope.items.push(at.item);
  if (value['usingClause'] !== undefined)
    value['usingClause'] = draftsOf(value['usingClause']).map((item) => rewriter.fromItem(item, scope, queries));
  rewriter.expression(value['whereClause'], scope, queries);
  restrict(rewriter, value, at, changeRule(rewriter, at, 'delete'));
  return finish(rewriter, value, at, scope, queries, null, top);
};

export const rewriteWrite = (rewriter: Rewriter, node: Draft, queries: Queries, top: boolean): Columns => {
  const tag = tagOf(node) ?? '';
  const value = draftOf(node[tag]);
  if (tag === 'InsertStmt') return insert(rewriter, value, queries, top);
  if (tag === 'UpdateStmt') return update(rewriter, value, queries, top);
  if (tag === 'DeleteStmt') return remove(rewriter, value, queries, top);
  throw new Refusal('syntax', `${tag} cannot be rewritten`);
};
