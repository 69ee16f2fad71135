// Walks one syntax tree and collects what it needs. Fails closed: a node or field that shapes.ts does not list is refused. Must never know a grant.
import { databaseBounds } from '../bounds.ts';
import { defaultSchema, type Operation, tableKey } from '../names.ts';
import type { TableNeed } from './analysis.ts';
import { relationsOf } from './locked-relations.ts';
import type { TreeNode } from './parser.ts';
import { Refusal } from './refusal.ts';
import type { Field, Shapes } from './shapes.ts';
import { isNode, listOf, namesOf, structOf, tagOf, textOf } from './tree.ts';

/** The data a walk goes by. */
export interface WalkTables {
  readonly shapes: Shapes;
  readonly safeFunctions: ReadonlySet<string>;
  readonly safeTypes: ReadonlySet<string>;
}

/** Session facts (current_user, current_schema, …) are nobody's business; the clock is. */
const clockFunctions = /^SVFOP_(?:CURRENT|LOCAL)(?:_?(?:DATE|TIME|TIMESTAMP))(?:_N)?$/;

/** Names of the WITH queries in reach. */
type Scope = ReadonlySet<string>;

export class Walk {
  readonly needs = new Map<string, TableNeed>();
  readonly functions = new Set<string>();
  readonly calls = new Set<string>();
  readonly attributes = new Set<string>();
  writes = false;
  readonly #tables: WalkTables;
  #depth = 0;
  /** Column references seen so far: a write that looks at columns needs to read its target. */
  #columns = 0;

  constructor(tables: WalkTables) {
    this.#tables = tables;
  }

  /** One tagged node, `{Type: {…}}`. */
  node(value: unknown, scope: Scope): void {
    if (!isNode(value)) throw new Refusal('syntax', 'the parse tree is not as expected');
    const tag = tagOf(value);
    // The parser writes an empty node where SQL says nothing: plain DISTINCT, a function without column list.
    if (tag === undefined) return;
    this.struct(tag, value[tag], scope);
  }

  list(value: unknown, scope: Scope): void {
    for (const item of listOf(value)) this.node(item, scope);
  }

  struct(type: string, value: unknown, scope: Scope): void {
    const shape = this.#tables.shapes.get(type);
    if (shape === undefined) throw new Refusal('syntax', `${type} is not among the syntax that is admitted`);
    if (!isNode(value)) throw new Refusal('syntax', 'the parse tree is not as expected');
    this.#depth += 1;
    if (this.#depth > databaseBounds.treeDepth.value) throw new Refusal('limits.depth', 'the statement is nested too deeply');
    switch (type) {
      case 'SelectStmt':
        this.#select(value, scope);
        break;
      case 'InsertStmt':
        this.#insert(value, scope);
        break;
      case 'UpdateStmt':
        this.#change('update', value, scope);
        break;
      case 'DeleteStmt':
        this.#change('delete', value, scope);
        break;
      case 'RangeVar':
        this.#relation(value, scope);
        break;
      case 'FuncCall':
        this.#call(value, scope);
        break;
      case 'ColumnRef':
        this.#column(value, scope);
        break;
      case 'A_Indirection':
        this.#indirection(value, scope);
        break;
      case 'TypeName':
        this.#type(value, scope);
        break;
      case 'SQLValueFunction':
        this.#valueFunction(value);
        break;
      case 'A_Expr':
        this.#operator(value['name']);
        this.fields(type, value, scope);
        break;
      case 'SortBy':
        this.#operator(value['useOp']);
        this.fields(type, value, scope);
        break;
      case 'SubLink':
        this.#operator(value['operName']);
        this.fields(type, value, scope);
        break;
      case 'LockingClause':
        throw new Refusal('syntax', 'a locking clause stands where it cannot be judged');
      default:
        this.fields(type, value, scope);
    }
    this.#depth -= 1;
  }

  /** Every field by its shape; `skip` names those the caller has dealt with. */
  fields(type: string, value: TreeNode, scope: Scope, skip?: ReadonlySet<string>): void {
    const shape = this.#tables.shapes.get(type);
    for (const key of Object.keys(value)) {
      const field = shape?.get(key);
      if (field === undefined) throw new Refusal('syntax', `${type}.${key} is not among the syntax that is admitted`);
      if (skip?.has(key) !== true) this.#field(field, value[key], scope);
    }
  }

  #field(field: Field, value: unknown, scope: Scope): void {
    if (field === 'node') return this.node(value, scope);
    if (field === 'list') return this.list(value, scope);
    if (field !== 'plain') return this.struct(field.struct, value, scope);
    if (typeof value === 'object') throw new Refusal('syntax', 'the parse tree is not as expected');
  }

  #need(relation: TreeNode, operation: Operation): void {
    const { schema, name } = this.#resolve(relation);
    this.needs.set(`${tableKey(schema, name)}.${operation}`, { schema, name, operation });
  }

  #resolve(relation: TreeNode): { readonly schema: string; readonly name: string } {
    const schema = textOf(relation['schemaname']) ?? defaultSchema;
    const name = textOf(relation['relname']);
    if (name === undefined) throw new Refusal('syntax', 'a relation has no name');
    if (textOf(relation['catalogname']) !== undefined) throw new Refusal('syntax', `the relation ${name} names a database`);
    // Unqualified names find pg_catalog before public, whose own relations all begin so.
    if (schema.startsWith('pg_') || schema === 'information_schema' || name.startsWith('pg_'))
      throw new Refusal('catalog', 'the catalog cannot be read');
    return { schema, name };
  }

  /** A relation that is read: a table, unless it names a WITH query in reach. */
  #relation(relation: TreeNode, scope: Scope): void {
    if (!this.#isQueryName(relation, scope)) this.#need(relation, 'read');
    this.fields('RangeVar', relation, scope);
  }

  #isQueryName(relation: TreeNode, scope: Scope): boolean {
    const name = textOf(relation['relname']);
    return relation['schemaname'] === undefined && relation['catalogname'] === undefined && name !== undefined && scope.has(name);
  }

  /**
   * WITH: a query sees those before it, and itself and all others only under RECURSIVE. Without RECURSIVE,
   * `WITH secret AS (SELECT * FROM secret)` reads the real table, and must be seen to.
   */
  #with(clause: unknown, outer: Scope): Scope {
    if (clause === undefined) return outer;
    const value = structOf(clause);
    this.fields('WithClause', value, outer, new Set(['ctes']));
    const queries = listOf(value['ctes']).map((item) => {
      const node = structOf(item);
      if (tagOf(node) !== 'CommonTableExpr') throw new Refusal('syntax', 'WITH holds something else than queries');
      return structOf(node['CommonTableExpr']);
    });
    const nameOf = (query: TreeNode): string => {
      const name = textOf(query['ctename']);
      if (name === undefined) throw new Refusal('syntax', 'a WITH query has no name');
      return name;
    };
    const all = new Set([...outer, ...queries.map(nameOf)]);
    let reach = outer;
    for (const query of queries) {
      this.fields('CommonTableExpr', query, value['recursive'] === true ? all : reach);
      reach = new Set([...reach, nameOf(query)]);
    }
    return all;
  }

  #select(value: TreeNode, outer: Scope): void {
    if (value['intoClause'] !== undefined) throw new Refusal('statement.into', 'SELECT INTO makes a table');
    const scope = this.#with(value['withClause'], outer);
    this.fields('SelectStmt', value, scope, new Set(['withClause', 'lockingClause']));
    for (const clause of listOf(value['lockingClause'])) this.#lock(clause, listOf(value['fromClause']), scope);
  }

  /** FOR UPDATE and its like keep others from writing, so PostgreSQL asks for UPDATE, and so is it here. */
  #lock(node: unknown, from: readonly unknown[], scope: Scope): void {
    const clause = structOf(structOf(node)['LockingClause']);
    this.fields('LockingClause', clause, scope, new Set(['lockedRels']));
    const named = new Set(listOf(clause['lockedRels']).map((item) => textOf(structOf(structOf(item)['RangeVar'])['relname'])));
    for (const relation of from.flatMap((item) => relationsOf(item, named)))
      if (!this.#isQueryName(relation, scope)) this.#need(relation, 'update');
  }

  #insert(value: TreeNode, outer: Scope): void {
    this.writes = true;
    const scope = this.#with(value['withClause'], outer);
    const target = structOf(value['relation']);
    this.#need(target, 'create');
    this.fields('RangeVar', target, scope);
    this.fields('InsertStmt', value, scope, new Set(['relation', 'withClause', 'onConflictClause', 'returningClause']));
    const before = this.#columns;
    if (value['onConflictClause'] !== undefined) this.#conflict(target, structOf(value['onConflictClause']), scope);
    if (value['returningClause'] !== undefined) this.struct('ReturningClause', value['returningClause'], scope);
    if (this.#columns > before) this.#need(target, 'read');
  }

  #conflict(target: TreeNode, clause: TreeNode, scope: Scope): void {
    // Whether a row with this key exists is a read, and PostgreSQL asks for SELECT on the key.
    if (clause['infer'] !== undefined) this.#need(target, 'read');
    if (clause['action'] === 'ONCONFLICT_UPDATE') this.#need(target, 'update');
    else if (clause['action'] !== 'ONCONFLICT_NOTHING') throw new Refusal('syntax', 'this ON CONFLICT action is not admitted');
    this.struct('OnConflictClause', clause, scope);
  }

  #change(operation: 'update' | 'delete', value: TreeNode, outer: Scope): void {
    this.writes = true;
    const scope = this.#with(value['withClause'], outer);
    const target = structOf(value['relation']);
    this.#need(target, operation);
    this.fields('RangeVar', target, scope);
    const before = this.#columns;
    this.fields(operation === 'update' ? 'UpdateStmt' : 'DeleteStmt', value, scope, new Set(['relation', 'withClause']));
    if (this.#columns > before) this.#need(target, 'read');
  }

  #call(value: TreeNode, scope: Scope): void {
    const names = namesOf(value['funcname']);
    const name = names.at(-1);
    const schema = names.length === 2 ? names[0] : undefined;
    if (name === undefined || names.length > 2) throw new Refusal('functions', 'a function call has no plain name');
    if (schema === undefined) this.calls.add(name);
    const own = schema === undefined || schema === 'pg_catalog';
    if (!own) this.functions.add(`${String(schema)}.${name}`);
    else if (!this.#tables.safeFunctions.has(name)) this.functions.add(name);
    this.fields('FuncCall', value, scope);
  }

  #column(value: TreeNode, scope: Scope): void {
    this.#columns += 1;
    const fields = listOf(value['fields']);
    const last = structOf(fields.at(-1));
    if (fields.length > 3) throw new Refusal('syntax', 'a column reference names a database');
    if (fields.length > 1 && tagOf(last) === 'String') this.attributes.add(namesOf([last]).join('.'));
    this.fields('ColumnRef', value, scope);
  }

  /** Subscripts only: `(value).name` calls any function of that name. */
  #indirection(value: TreeNode, scope: Scope): void {
    if (listOf(value['indirection']).some((item) => tagOf(structOf(item)) !== 'A_Indices'))
      throw new Refusal('syntax', 'a field of an expression in parentheses is not admitted; name the column');
    this.fields('A_Indirection', value, scope);
  }

  #type(value: TreeNode, scope: Scope): void {
    const names = namesOf(value['names']);
    const name = names.at(-1) ?? '';
    const known = (names.length === 1 || (names.length === 2 && names[0] === 'pg_catalog')) && this.#tables.safeTypes.has(name);
    if (!known) throw new Refusal(`types.${name}`, `a cast to the type ${name} is not admitted`);
    this.fields('TypeName', value, scope);
  }

  #valueFunction(value: TreeNode): void {
    const op = textOf(value['op']) ?? '';
    if (!clockFunctions.test(op)) throw new Refusal('functions', 'what the session is (current_user and its like) is not told');
    this.fields('SQLValueFunction', value, new Set());
  }

  #operator(value: unknown): void {
    const names = namesOf(value);
    if (names.length > 2 || (names.length === 2 && names[0] !== 'pg_catalog'))
      throw new Refusal('syntax', 'an operator with a schema is not admitted');
  }
}
