// Every node and field of a parse tree that admission understands, as data. What is not here is refused; must never list what nobody judged.

/**
 * What a field holds: a plain value; one tagged node `{Type: {…}}`; a list of those; or, by name, an untagged node of that type.
 * A field that a newer parser adds is unknown here, and so refused until someone has looked at it.
 */
export type Field = 'plain' | 'node' | 'list' | { readonly struct: string };

const struct = (name: string): Field => ({ struct: name });
const location = { location: 'plain' } as const;

const table: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  // Statements.
  SelectStmt: {
    distinctClause: 'list',
    targetList: 'list',
    fromClause: 'list',
    whereClause: 'node',
    groupClause: 'list',
    groupDistinct: 'plain',
    havingClause: 'node',
    windowClause: 'list',
    valuesLists: 'list',
    sortClause: 'list',
    limitOffset: 'node',
    limitCount: 'node',
    limitOption: 'plain',
    lockingClause: 'list',
    withClause: struct('WithClause'),
    op: 'plain',
    all: 'plain',
    larg: struct('SelectStmt'),
    rarg: struct('SelectStmt'),
  },
  InsertStmt: {
    relation: struct('RangeVar'),
    cols: 'list',
    selectStmt: 'node',
    onConflictClause: struct('OnConflictClause'),
    returningClause: struct('ReturningClause'),
    withClause: struct('WithClause'),
    override: 'plain',
  },
  UpdateStmt: {
    relation: struct('RangeVar'),
    targetList: 'list',
    whereClause: 'node',
    fromClause: 'list',
    returningClause: struct('ReturningClause'),
    withClause: struct('WithClause'),
  },
  DeleteStmt: {
    relation: struct('RangeVar'),
    usingClause: 'list',
    whereClause: 'node',
    returningClause: struct('ReturningClause'),
    withClause: struct('WithClause'),
  },

  // Clauses.
  WithClause: { ctes: 'list', recursive: 'plain', ...location },
  CommonTableExpr: { ctename: 'plain', aliascolnames: 'list', ctematerialized: 'plain', ctequery: 'node', ...location },
  OnConflictClause: { action: 'plain', infer: struct('InferClause'), targetList: 'list', whereClause: 'node', ...location },
  InferClause: { indexElems: 'list', whereClause: 'node', conname: 'plain', ...location },
  IndexElem: { name: 'plain', expr: 'node', ordering: 'plain', nulls_ordering: 'plain' },
  ReturningClause: { options: 'list', exprs: 'list' },
  ReturningOption: { option: 'plain', value: 'plain', ...location },
  LockingClause: { lockedRels: 'list', strength: 'plain', waitPolicy: 'plain' },
  ResTarget: { name: 'plain', indirection: 'list', val: 'node', ...location },
  SortBy: { node: 'node', sortby_dir: 'plain', sortby_nulls: 'plain', useOp: 'list', ...location },
  GroupingSet: { kind: 'plain', content: 'list', ...location },
  WindowDef: {
    name: 'plain',
    refname: 'plain',
    partitionClause: 'list',
    orderClause: 'list',
    frameOptions: 'plain',
    startOffset: 'node',
    endOffset: 'node',
    ...location,
  },

  // What stands in FROM.
  RangeVar: { schemaname: 'plain', relname: 'plain', inh: 'plain', relpersistence: 'plain', alias: struct('Alias'), ...location },
  RangeSubselect: { lateral: 'plain', subquery: 'node', alias: struct('Alias') },
  RangeFunction: {
    lateral: 'plain',
    ordinality: 'plain',
    is_rowsfrom: 'plain',
    functions: 'list',
    alias: struct('Alias'),
    coldeflist: 'list',
  },
  JoinExpr: {
    jointype: 'plain',
    isNatural: 'plain',
    larg: 'node',
    rarg: 'node',
    usingClause: 'list',
    join_using_alias: struct('Alias'),
    quals: 'node',
    alias: struct('Alias'),
    rtindex: 'plain',
  },
  Alias: { aliasname: 'plain', colnames: 'list' },
  ColumnDef: { colname: 'plain', typeName: struct('TypeName'), is_local: 'plain', ...location },

  // Expressions.
  A_Expr: { kind: 'plain', name: 'list', lexpr: 'node', rexpr: 'node', rexpr_list_start: 'plain', rexpr_list_end: 'plain', ...location },
  BoolExpr: { boolop: 'plain', args: 'list', ...location },
  ColumnRef: { fields: 'list', ...location },
  ParamRef: { number: 'plain', ...location },
  A_Star: {},
  A_Indices: { is_slice: 'plain', lidx: 'node', uidx: 'node' },
  A_Indirection: { arg: 'node', indirection: 'list' },
  A_ArrayExpr: { elements: 'list', list_start: 'plain', list_end: 'plain', ...location },
  FuncCall: {
    funcname: 'list',
    args: 'list',
    agg_order: 'list',
    agg_filter: 'node',
    over: struct('WindowDef'),
    agg_within_group: 'plain',
    agg_star: 'plain',
    agg_distinct: 'plain',
    func_variadic: 'plain',
    funcformat: 'plain',
    ...location,
  },
  NamedArgExpr: { arg: 'node', name: 'plain', argnumber: 'plain', ...location },
  TypeCast: { arg: 'node', typeName: struct('TypeName'), ...location },
  TypeName: { names: 'list', typmods: 'list', typemod: 'plain', arrayBounds: 'list', ...location },
  CollateClause: { arg: 'node', collname: 'list', ...location },
  CaseExpr: { arg: 'node', args: 'list', defresult: 'node', ...location },
  CaseWhen: { expr: 'node', result: 'node', ...location },
  CoalesceExpr: { args: 'list', ...location },
  MinMaxExpr: { op: 'plain', args: 'list', ...location },
  NullTest: { arg: 'node', nulltesttype: 'plain', argisrow: 'plain', ...location },
  BooleanTest: { arg: 'node', booltesttype: 'plain', ...location },
  SubLink: { subLinkType: 'plain', subLinkId: 'plain', testexpr: 'node', operName: 'list', subselect: 'node', ...location },
  RowExpr: { args: 'list', row_format: 'plain', ...location },
  GroupingFunc: { args: 'list', ...location },
  MultiAssignRef: { source: 'node', colno: 'plain', ncolumns: 'plain' },
  SetToDefault: { ...location },
  SQLValueFunction: { op: 'plain', typmod: 'plain', ...location },
  List: { items: 'list' },

  // Leaves. The value of a constant is one level down and never looked at.
  A_Const: {
    ival: struct('Value'),
    fval: struct('Value'),
    boolval: struct('Value'),
    sval: struct('Value'),
    bsval: struct('Value'),
    isnull: 'plain',
    ...location,
  },
  Value: { ival: 'plain', fval: 'plain', boolval: 'plain', sval: 'plain', bsval: 'plain' },
  String: { sval: 'plain' },
  Integer: { ival: 'plain' },
};

export type Shapes = ReadonlyMap<string, ReadonlyMap<string, Field>>;

/** The table as maps: node names come out of a foreign program and must not reach a prototype. */
export const makeShapes = (): Shapes => new Map(Object.entries(table).map(([type, fields]) => [type, new Map(Object.entries(fields))]));
