// Judges the statements that define an extension's own tables: a closed list of forms, each node by its own allow-list. Must never let one reach beyond the schemas it names.
import type { Analysis, DefinitionKind, RelationName } from './analysis.ts';
import type { TreeNode } from './parser.ts';
import { Refusal } from './refusal.ts';
import { isNode, listOf, namesOf, structOf, tagOf, textOf } from './tree.ts';
import { Walk, type WalkTables } from './walk.ts';

/** Sequences that PostgreSQL makes beside the table, owned by its column. */
const serialTypes: ReadonlySet<string> = new Set(['serial', 'bigserial', 'smallserial', 'serial4', 'serial8', 'serial2']);
const indexMethods: ReadonlySet<string> = new Set(['btree', 'hash', 'gin', 'gist', 'brin']);
const renamed: ReadonlySet<string> = new Set(['OBJECT_TABLE', 'OBJECT_COLUMN', 'OBJECT_TABCONSTRAINT']);
const plainAlterations: ReadonlySet<string> = new Set(['AT_DropColumn', 'AT_SetNotNull', 'AT_DropNotNull', 'AT_DropConstraint']);

/** What a constraint may hold beside what every one may. */
const constraintKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ['CONSTR_NULL', []],
  ['CONSTR_NOTNULL', []],
  ['CONSTR_DEFAULT', ['raw_expr']],
  ['CONSTR_CHECK', ['raw_expr']],
  ['CONSTR_IDENTITY', ['generated_when']],
  ['CONSTR_GENERATED', ['raw_expr', 'generated_when', 'generated_kind']],
  ['CONSTR_PRIMARY', ['keys']],
  ['CONSTR_UNIQUE', ['keys', 'nulls_not_distinct']],
  ['CONSTR_FOREIGN', ['pktable', 'fk_attrs', 'pk_attrs', 'fk_matchtype', 'fk_upd_action', 'fk_del_action']],
]);
const everyConstraint = ['contype', 'conname', 'location', 'is_enforced', 'initially_valid', 'deferrable', 'initdeferred'];

const refuse = (what: string): Refusal => new Refusal('ddl.form', `${what} is not among the definitions that are admitted`);

const only = (type: string, value: TreeNode, keys: readonly string[]): TreeNode => {
  for (const key of Object.keys(value)) if (!keys.includes(key)) throw refuse(`${type}.${key}`);
  return value;
};

/** Queries and parameters have no place in a definition, wherever they stand. */
const holdsQuery = (value: unknown): boolean => {
  if (Array.isArray(value)) return value.some(holdsQuery);
  if (!isNode(value)) return false;
  return Object.entries(value).some(([key, inner]) => key === 'SelectStmt' || key === 'SubLink' || key === 'ParamRef' || holdsQuery(inner));
};

class DefinitionWalk {
  readonly walk: Walk;
  readonly relations: RelationName[] = [];
  readonly columns = new Set<string>();

  constructor(tables: WalkTables) {
    this.walk = new Walk(tables);
  }

  #named(schema: string | undefined, name: string | undefined): void {
    if (schema === undefined || schema === '' || name === undefined || name === '')
      throw new Refusal('ddl.schema', 'a definition names its tables with the schema of the extension');
    if (name.startsWith('pg_')) throw new Refusal('catalog', 'no name of its own begins with pg_');
    this.relations.push({ schema, name });
  }

  #relation(value: unknown): void {
    const relation = only('RangeVar', structOf(value), ['schemaname', 'relname', 'inh', 'relpersistence', 'location']);
    // Temporary tables would stay on a connection that others get; unlogged ones are emptied by a crash.
    if (relation['relpersistence'] !== 'p') throw refuse('a temporary or unlogged table');
    if (relation['inh'] !== true) throw refuse('ONLY');
    this.#named(textOf(relation['schemaname']), textOf(relation['relname']));
  }

  #expression(value: unknown): void {
    if (holdsQuery(value)) throw new Refusal('ddl.expression', 'a definition holds no query and no binding');
    this.walk.node(value, new Set());
  }

  #type(value: unknown): void {
    const type = structOf(value);
    const names = namesOf(type['names']);
    if (names.length === 1 && serialTypes.has(names[0] ?? '')) only('TypeName', type, ['names', 'typemod', 'location']);
    else this.walk.struct('TypeName', type, new Set());
  }

  #column(value: unknown): void {
    const column = only('ColumnDef', structOf(value), ['colname', 'typeName', 'is_local', 'constraints', 'location']);
    this.columns.add(textOf(column['colname']) ?? '');
    this.#type(column['typeName']);
    for (const item of listOf(column['constraints'])) this.#constraint(structOf(item)['Constraint']);
  }

  #constraint(value: unknown): void {
    const constraint = structOf(value);
    const kind = textOf(constraint['contype']) ?? '';
    // DEFERRABLE behind a column is a constraint of its own to the parser.
    const keys = constraintKeys.get(kind);
    if (keys === undefined) throw refuse(`the constraint ${kind}`);
    only(kind, constraint, [...everyConstraint, ...keys]);
    for (const flag of ['is_enforced', 'initially_valid'])
      if (constraint[flag] !== undefined && constraint[flag] !== true) throw refuse(`${kind}.${flag}`);
    if (kind === 'CONSTR_GENERATED' && constraint['generated_kind'] !== 's') throw refuse('a virtual column');
    if (constraint['raw_expr'] !== undefined) this.#expression(constraint['raw_expr']);
    if (kind === 'CONSTR_FOREIGN') this.#relation(constraint['pktable']);
  }

  #element(node: unknown): void {
    const element = structOf(node);
    const tag = tagOf(element);
    if (tag === 'ColumnDef') this.#column(element[tag]);
    else if (tag === 'Constraint') this.#constraint(element[tag]);
    else throw refuse(tag ?? 'this');
  }

  #alteration(node: unknown): void {
    const command = only('AlterTableCmd', structOf(structOf(node)['AlterTableCmd']), ['subtype', 'name', 'def', 'behavior', 'missing_ok']);
    if (command['behavior'] !== 'DROP_RESTRICT') throw refuse('CASCADE');
    const kind = textOf(command['subtype']) ?? '';
    const name = textOf(command['name']);
    if (name !== undefined && kind !== 'AT_DropConstraint') this.columns.add(name);
    const { def } = command;
    if (kind === 'AT_AddColumn') this.#column(structOf(def)['ColumnDef']);
    else if (kind === 'AT_AddConstraint') this.#constraint(structOf(def)['Constraint']);
    else if (kind === 'AT_AlterColumnType') {
      const column = only('ColumnDef', structOf(structOf(def)['ColumnDef']), ['typeName', 'raw_default', 'location']);
      this.#type(column['typeName']);
      if (column['raw_default'] !== undefined) this.#expression(column['raw_default']);
    } else if (kind === 'AT_ColumnDefault') {
      if (def !== undefined) this.#expression(def);
    } else if (!plainAlterations.has(kind) || def !== undefined) throw refuse(kind);
  }

  createTable(value: TreeNode): DefinitionKind {
    only('CreateStmt', value, ['relation', 'tableElts', 'oncommit', 'if_not_exists']);
    if (value['oncommit'] !== 'ONCOMMIT_NOOP') throw refuse('ON COMMIT');
    this.#relation(value['relation']);
    for (const element of listOf(value['tableElts'])) this.#element(element);
    return 'create table';
  }

  alterTable(value: TreeNode): DefinitionKind {
    only('AlterTableStmt', value, ['relation', 'cmds', 'objtype', 'missing_ok']);
    if (value['objtype'] !== 'OBJECT_TABLE') throw refuse('ALTER of something else than a table');
    this.#relation(value['relation']);
    for (const command of listOf(value['cmds'])) this.#alteration(command);
    return 'alter table';
  }

  rename(value: TreeNode): DefinitionKind {
    only('RenameStmt', value, ['renameType', 'relationType', 'relation', 'subname', 'newname', 'behavior', 'missing_ok']);
    const kind = textOf(value['renameType']) ?? '';
    if (!renamed.has(kind) || (kind === 'OBJECT_COLUMN' && value['relationType'] !== 'OBJECT_TABLE')) throw refuse(`renaming ${kind}`);
    if (value['behavior'] !== 'DROP_RESTRICT') throw refuse('CASCADE');
    const name = textOf(value['newname']) ?? '';
    if (name.startsWith('pg_')) throw new Refusal('catalog', 'no name of its own begins with pg_');
    this.#relation(value['relation']);
    if (kind === 'OBJECT_COLUMN') for (const one of [textOf(value['subname']) ?? '', name]) this.columns.add(one);
    return 'alter table';
  }

  drop(value: TreeNode): DefinitionKind {
    only('DropStmt', value, ['objects', 'removeType', 'behavior', 'missing_ok']);
    const kind = value['removeType'];
    if (kind !== 'OBJECT_TABLE' && kind !== 'OBJECT_INDEX') throw refuse('DROP of something else than a table or an index');
    // It would take along what others have built on it.
    if (value['behavior'] !== 'DROP_RESTRICT') throw refuse('CASCADE');
    for (const item of listOf(value['objects'])) {
      const names = namesOf(structOf(structOf(item)['List'])['items']);
      if (names.length !== 2) throw new Refusal('ddl.schema', 'a definition names its tables with the schema of the extension');
      this.#named(names[0], names[1]);
    }
    return kind === 'OBJECT_TABLE' ? 'drop table' : 'drop index';
  }

  createIndex(value: TreeNode): DefinitionKind {
    const keys = ['idxname', 'relation', 'accessMethod', 'indexParams', 'whereClause', 'unique', 'if_not_exists', 'nulls_not_distinct'];
    only('IndexStmt', value, keys);
    if (!indexMethods.has(textOf(value['accessMethod']) ?? '')) throw refuse('this kind of index');
    this.#relation(value['relation']);
    for (const item of listOf(value['indexParams'])) {
      const element = only('IndexElem', structOf(structOf(item)['IndexElem']), ['name', 'expr', 'ordering', 'nulls_ordering']);
      const name = textOf(element['name']);
      if (name !== undefined) this.columns.add(name);
      if (element['expr'] !== undefined) this.#expression(element['expr']);
    }
    if (value['whereClause'] !== undefined) this.#expression(value['whereClause']);
    return 'create index';
  }
}

const kindOf = (walk: DefinitionWalk, tag: string, value: TreeNode): DefinitionKind | undefined => {
  if (tag === 'CreateStmt') return walk.createTable(value);
  if (tag === 'AlterTableStmt') return walk.alterTable(value);
  if (tag === 'RenameStmt') return walk.rename(value);
  if (tag === 'DropStmt') return walk.drop(value);
  return tag === 'IndexStmt' ? walk.createIndex(value) : undefined;
};

/** undefined: the statement defines nothing that an extension may. */
export const walkDefinition = (tag: string, statement: TreeNode, tables: WalkTables): Analysis | undefined => {
  const found = new DefinitionWalk(tables);
  const kind = kindOf(found, tag, structOf(statement[tag]));
  if (kind === undefined) return undefined;
  const { walk, relations, columns } = found;
  const [foreign] = walk.functions;
  // Granted ones too: what a definition calls, later statements call without naming it.
  if (foreign !== undefined) throw new Refusal('ddl.functions', `the function ${foreign} has no place in a definition`);
  return {
    ok: true,
    kind,
    needs: [],
    defines: { relations, columns: [...columns] },
    tables: [...new Set(relations.map(({ schema, name }) => `${schema}.${name}`))],
    functions: [],
    calls: [...walk.calls],
    attributes: [...walk.attributes],
    writes: true,
    answersRows: false,
  };
};
