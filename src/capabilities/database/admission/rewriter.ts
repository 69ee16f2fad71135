// Puts the rules and columns of a grant into a statement's tree, query by query. Must never judge whether a table is granted: policy.ts has.
import { defaultSchema, tableKey } from '../names.ts';
import { and, column, type Draft, target } from './build.ts';
import { Refusal } from './refusal.ts';
import { checkQualified, checkUnqualified, findItem, type Item, openScope, type Scope } from './scope.ts';
import { grantOf, isRestricted, makeShadow, orderedColumns, type Parameters, type RewriteContext, readRule } from './shadow.ts';
import { isNode, listOf, namesOf, structOf, tagOf, textOf } from './tree.ts';

/** The columns of a query or relation, in order; `open`: it can have more. */
export interface Columns {
  readonly columns: readonly string[];
  readonly open: boolean;
}

export type Queries = ReadonlyMap<string, Columns>;

export const draftOf = (value: unknown): Draft => (isNode(value) ? (value as Draft) : {});
export const draftsOf = (value: unknown): readonly Draft[] => listOf(value).map(draftOf);

/** What aliases make of column names. */
const rename = ({ columns, open }: Columns, aliases: readonly string[]): Columns => ({
  columns: [...aliases, ...columns.slice(aliases.length)],
  open,
});

export class Rewriter {
  readonly context: RewriteContext;
  readonly parameters: Parameters;
  /** Columns at the end of each row that are not the guest's. */
  checkColumns = 0;
  /** Set by rewrite-target.ts, which knows how rows are written. */
  readonly #write: (rewriter: Rewriter, node: Draft, queries: Queries, top: boolean) => Columns;

  constructor(
    context: RewriteContext,
    parameters: Parameters,
    write: (rewriter: Rewriter, node: Draft, queries: Queries, top: boolean) => Columns,
  ) {
    this.context = context;
    this.parameters = parameters;
    this.#write = write;
  }

  statement(node: Draft, outer: Scope | null, queries: Queries, top: boolean): Columns {
    if (node['SelectStmt'] !== undefined) return this.select(draftOf(node['SelectStmt']), outer, queries);
    return this.#write(this, node, queries, top);
  }

  with(value: Draft, outer: Scope | null, queries: Queries): Queries {
    const clause = draftOf(value['withClause']);
    const list = draftsOf(clause['ctes']).map((one) => draftOf(one['CommonTableExpr']));
    const reach = new Map(queries);
    // A recursive query sees itself before its columns are known.
    if (clause['recursive'] === true)
      for (const one of list) reach.set(textOf(one['ctename']) ?? '', { columns: namesOf(one['aliascolnames']), open: true });
    for (const one of list) {
      const found = this.statement(draftOf(one['ctequery']), outer, new Map(reach), false);
      reach.set(textOf(one['ctename']) ?? '', rename(found, namesOf(one['aliascolnames'])));
    }
    return reach;
  }

  select(value: Draft, outer: Scope | null, given: Queries): Columns {
    const queries = this.with(value, outer, given);
    if (value['larg'] !== undefined) {
      const found = this.select(draftOf(value['larg']), outer, queries);
      this.select(draftOf(value['rarg']), outer, queries);
      this.context.uses?.ignoreOutputs(value['sortClause'], null);
      for (const key of ['sortClause', 'limitCount', 'limitOffset']) this.expression(value[key], openScope(outer), queries, new Set('*'));
      return found;
    }
    const scope = openScope(outer);
    this.#from(value, scope, queries);
    const found = this.targets(value, 'targetList', scope, queries);
    const outputs = new Set(found.columns);
    for (const key of ['sortClause', 'distinctClause']) this.context.uses?.ignoreOutputs(value[key], outputs);
    for (const key of ['whereClause', 'havingClause', 'windowClause', 'limitCount', 'limitOffset', 'valuesLists'])
      this.expression(value[key], scope, queries);
    for (const key of ['sortClause', 'groupClause', 'distinctClause'])
      this.expression(value[key], scope, queries, found.open ? new Set('*') : outputs);
    return value['valuesLists'] === undefined ? found : { columns: [], open: true };
  }

  /** Conditions that cannot fail, on the one table of a query, go behind its fence, where an index can serve them. */
  #from(value: Draft, scope: Scope, queries: Queries): void {
    const from = draftsOf(value['fromClause']);
    const [only] = from;
    const relation = from.length === 1 ? draftOf(only?.['RangeVar']) : {};
    const table = this.resolve(relation);
    const key = tableKey(table.schema, table.name);
    const { context } = this;
    const fenced =
      !context.isCalm && relation['relname'] !== undefined && !this.#isQuery(relation, queries) && readRule(context, key) !== null;
    const pushed = fenced && structOf(relation['alias'])['colnames'] === undefined ? this.#takeCalm(value, relation, table.name, key) : [];
    if (from.length > 0) value['fromClause'] = from.map((item) => this.fromItem(item, scope, queries, pushed));
  }

  #takeCalm(value: Draft, relation: Draft, table: string, key: string): readonly unknown[] {
    const condition = draftOf(value['whereClause']);
    const bool = draftOf(condition['BoolExpr']);
    const parts = bool['boolop'] === 'AND_EXPR' ? listOf(bool['args']) : [condition];
    const alias = textOf(structOf(relation['alias'])['aliasname']) ?? table;
    const granted = new Set(orderedColumns(this.context, key, grantOf(this.context, key, 'read').columns));
    const moved = parts.filter((part) => this.context.calm.expression(part) && requalify(part, alias, table, granted, false));
    if (moved.length === 0) return [];
    for (const part of moved) requalify(part, alias, table, granted, true);
    const rest = parts.filter((part) => !moved.includes(part));
    if (rest.length === 0) delete value['whereClause'];
    else value['whereClause'] = and(rest);
    return moved;
  }

  #isQuery(relation: Draft, queries: Queries): boolean {
    return relation['schemaname'] === undefined && queries.has(textOf(relation['relname']) ?? '');
  }

  resolve(relation: Draft): { readonly schema: string; readonly name: string } {
    const name = textOf(relation['relname']) ?? '';
    return { schema: textOf(relation['schemaname']) ?? defaultSchema, name };
  }

  fromItem(node: Draft, scope: Scope, queries: Queries, pushed: readonly unknown[] = []): Draft {
    const tag = tagOf(node) ?? '';
    const value = draftOf(node[tag]);
    const alias = structOf(value['alias']);
    const name = textOf(alias['aliasname']);
    const names = namesOf(alias['colnames']);
    const add = (found: Columns, schema?: string, fallback = name, key?: string): void => {
      scope.items.push({ name: fallback, schema, key, real: found.columns, ...rename(found, names) });
    };
    switch (tag) {
      case 'RangeVar': {
        const relname = textOf(value['relname']);
        const query = this.#isQuery(value, queries) ? queries.get(relname ?? '') : undefined;
        if (query !== undefined) {
          add(query, undefined, name ?? relname);
          return node;
        }
        const table = this.resolve(value);
        const key = tableKey(table.schema, table.name);
        const { columns } = grantOf(this.context, key, 'read');
        add(
          { columns: orderedColumns(this.context, key, columns), open: columns === 'all' },
          name === undefined ? table.schema : undefined,
          name ?? relname,
          key,
        );
        if (isRestricted(this.context, key)) return makeShadow(value, table, this.context, this.parameters, pushed);
        if (table.schema !== defaultSchema) value['schemaname'] = table.schema;
        return node;
      }
      case 'RangeSubselect':
        // Without LATERAL it sees what its query sees, and not what stands beside it.
        add(this.statement(draftOf(value['subquery']), value['lateral'] === true ? scope : scope.outer, queries, false));
        return node;
      case 'RangeFunction': {
        this.expression(value['functions'], scope, queries);
        const listed = draftsOf(value['coldeflist']).map((one) => textOf(structOf(one['ColumnDef'])['colname']) ?? '');
        add({ columns: listed.length > 0 || name === undefined ? listed : [name], open: listed.length === 0 });
        return node;
      }
      case 'JoinExpr': {
        const before = scope.items.length;
        for (const side of ['larg', 'rarg']) value[side] = this.fromItem(draftOf(value[side]), scope, queries);
        this.expression(value['quals'], scope, queries);
        this.context.uses?.readJoined(scope.items.slice(before), namesOf(value['usingClause']), value['isNatural'] === true);
        const using = textOf(structOf(value['join_using_alias'])['aliasname']);
        if (using !== undefined)
          scope.items.push({ name: using, columns: namesOf(value['usingClause']), open: false, qualifiedOnly: true });
        if (name === undefined) return node;
        // Its alias hides those inside it.
        const inside = scope.items.splice(before);
        for (const item of inside) this.context.uses?.readAll(item);
        add({ columns: inside.flatMap((item) => item.columns), open: names.length > 0 || inside.some((item) => item.open) });
        return node;
      }
      default:
        throw new Refusal('syntax', `${tag} cannot stand in FROM here`);
    }
  }

  /** The list of what is answered: stars over a table that is written to become its granted columns. */
  targets(value: Draft, key: string, scope: Scope, queries: Queries): Columns {
    const columns: string[] = [];
    let open = false;
    const list = draftsOf(value[key]).flatMap((item) => this.#expand(item, scope));
    for (const item of list) {
      const result = draftOf(item['ResTarget']);
      this.expression(result['val'], scope, queries);
      const given = textOf(result['name']);
      const found = given === undefined ? outputOf(draftOf(result['val']), scope) : { columns: [given], open: false };
      columns.push(...found.columns);
      open ||= found.open;
    }
    if (list.length > 0) value[key] = list;
    return { columns, open };
  }

  #expand(item: Draft, scope: Scope): readonly Draft[] {
    const fields = starFields(draftOf(draftOf(item['ResTarget'])['val']));
    if (fields === undefined) return [item];
    if (fields.length === 0) {
      if (!scope.items.some((one) => one.bare)) return [item];
      return scope.items.filter((one) => one.qualifiedOnly !== true).flatMap((one) => expandItem(one));
    }
    const found = findItem(scope, fields.at(-1) ?? '', fields.length > 1 ? fields[0] : undefined);
    return found?.bare === true ? expandItem(found) : [item];
  }

  /** Resolves every name in an expression, and rewrites every query in it. `outputs`: names of result columns that a name alone can mean; `*`: any. */
  expression(value: unknown, scope: Scope, queries: Queries, outputs?: ReadonlySet<string>): void {
    if (Array.isArray(value)) {
      for (const item of value) this.expression(item, scope, queries, outputs);
      return;
    }
    if (!isNode(value)) return;
    if (value['subLinkType'] === 'EXISTS_SUBLINK') this.context.uses?.ignoreStars(value['subselect']);
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'ColumnRef') this.#column(draftOf(inner), scope, outputs);
      else if (key === 'SelectStmt') this.select(draftOf(inner), scope, queries);
      else this.expression(inner, scope, queries, outputs);
    }
  }

  #column(ref: Draft, scope: Scope, outputs: ReadonlySet<string> | undefined): void {
    const stars = starFields({ ColumnRef: ref });
    const path = stars ?? namesOf(ref['fields']);
    const last = stars === undefined ? path.at(-1) : undefined;
    const qualifier = stars === undefined ? path.slice(0, -1) : path;
    const [first = '', second] = qualifier;
    const uses = this.context.uses?.isIgnored(ref) === true ? undefined : this.context.uses;
    if (qualifier.length === 0) {
      uses?.readUnqualified(scope, last);
      if (last !== undefined) return checkUnqualified(scope, last, outputs?.has('*') === true || outputs?.has(last) === true);
      if (scope.items.some((item) => item.bare)) throw new Refusal('columns', 'a star stands where its columns cannot be listed');
      return;
    }
    const item = second === undefined ? findItem(scope, first) : findItem(scope, second, first);
    if (item === undefined) return;
    uses?.readColumn(item, last);
    if (last !== undefined) checkQualified(item, last);
    else if (item.bare === true) throw new Refusal('columns', 'a star stands where its columns cannot be listed');
    // What stands in place of the table has its name, and no schema.
    if (second !== undefined && item.bare !== true) ref['fields'] = listOf(ref['fields']).slice(1);
  }
}

/** The names before a star; undefined: it is no star. */
export const starFields = (val: Draft): readonly string[] | undefined => {
  const fields = listOf(draftOf(val['ColumnRef'])['fields']);
  return tagOf(structOf(fields.at(-1))) === 'A_Star' ? namesOf(fields.slice(0, -1)) : undefined;
};

export const expandItem = (item: Item): readonly Draft[] => {
  if (item.name === undefined) throw new Refusal('columns', 'a star stands where its columns cannot be listed');
  const { name } = item;
  if (item.bare !== true) return [target({ ColumnRef: { fields: [{ String: { sval: name } }, { A_Star: {} }] } })];
  return item.columns.map((one) => target(column(name, one)));
};

/** How PostgreSQL calls a column of a result that was given no name; `open` where that is not plain. */
export const outputOf = (val: Draft, scope: Scope): Columns => {
  const stars = starFields(val);
  if (stars !== undefined) {
    const items = stars.length === 0 ? scope.items.filter((item) => item.qualifiedOnly !== true) : [findItem(scope, stars.at(-1) ?? '')];
    return { columns: items.flatMap((item) => item?.columns ?? []), open: items.some((item) => item === undefined || item.open) };
  }
  const tag = tagOf(val) ?? '';
  const inner = draftOf(val[tag]);
  if (tag === 'ColumnRef') return { columns: [namesOf(inner['fields']).at(-1) ?? ''], open: false };
  if (tag === 'FuncCall') return { columns: [namesOf(inner['funcname']).at(-1) ?? ''], open: false };
  if (tag === 'A_Expr' || tag === 'A_Const' || tag === 'ParamRef' || tag === 'BoolExpr') return { columns: ['?column?'], open: false };
  return { columns: [], open: true };
};

/** Whether all columns in a condition are this table's; with `write`, gives them the table's own name. */
const requalify = (value: unknown, alias: string, table: string, granted: ReadonlySet<string>, write: boolean): boolean => {
  if (Array.isArray(value)) return value.every((item) => requalify(item, alias, table, granted, write));
  if (!isNode(value)) return true;
  if (value['SubLink'] !== undefined) return false;
  const ref = draftOf(value['ColumnRef']);
  if (value['ColumnRef'] === undefined) return Object.values(value).every((item) => requalify(item, alias, table, granted, write));
  const path = namesOf(ref['fields']);
  const last = path.at(-1) ?? '';
  if (path.length > 2 || (path.length === 2 && path[0] !== alias) || !granted.has(last)) return false;
  if (write) ref['fields'] = column(table, last)['ColumnRef'] === undefined ? [] : [table, last].map((one) => ({ String: { sval: one } }));
  return true;
};
