// Whether a condition can fail or tell anything by being computed for a row nobody may see. Must never call an expression calm that can raise an error.
import type { TreeNode } from './parser.ts';
import { isNode, listOf, namesOf, structOf, tagOf, textOf } from './tree.ts';

const comparisons = new Set(['=', '<>', '!=', '<', '<=', '>', '>=']);
const operatorKinds = new Set(['AEXPR_OP', 'AEXPR_IN', 'AEXPR_OP_ANY', 'AEXPR_DISTINCT', 'AEXPR_NOT_DISTINCT']);
const rangeKinds = new Set(['AEXPR_BETWEEN', 'AEXPR_NOT_BETWEEN', 'AEXPR_BETWEEN_SYM', 'AEXPR_NOT_BETWEEN_SYM']);
/** Defined for every text. */
const calmFunctions = new Set(['lower', 'upper', 'length', 'char_length', 'btrim', 'ltrim', 'rtrim', 'md5', 'now']);
/** Computed after the rows were chosen, and a fence of their own. */
const aggregates = new Set([
  'count',
  'sum',
  'avg',
  'min',
  'max',
  'bool_and',
  'bool_or',
  'string_agg',
  'array_agg',
  'json_agg',
  'jsonb_agg',
  'row_number',
  'rank',
  'dense_rank',
]);

/** Parts of a statement that are judged by themselves. */
const judged = new Set(['whereClause', 'havingClause', 'fromClause', 'usingClause', 'withClause', 'larg', 'rarg', 'selectStmt']);

const isFixed = (node: TreeNode): boolean => {
  const tag = tagOf(node) ?? '';
  if (tag === 'A_Const' || tag === 'ParamRef' || tag === 'SQLValueFunction' || tag === 'SetToDefault') return true;
  return tag === 'TypeCast' && isFixed(structOf(structOf(node[tag])['arg']));
};

/** `strange`: names of columns whose types are not PostgreSQL's own. */
export class Calm {
  readonly #strange: ReadonlySet<string>;
  constructor(strange: ReadonlySet<string>) {
    this.#strange = strange;
  }

  #column(value: TreeNode): boolean {
    const last = structOf(listOf(value['fields']).at(-1));
    return tagOf(last) === 'String' && !this.#strange.has(namesOf([last])[0] ?? '');
  }

  #all(value: unknown): boolean {
    return listOf(value).every((item) => this.expression(item));
  }

  #call(value: TreeNode): boolean {
    const names = namesOf(value['funcname']);
    if (names.length !== 1 || !calmFunctions.has(names[0] ?? '')) return false;
    return Object.keys(value).every((key) => ['funcname', 'args', 'funcformat', 'location'].includes(key)) && this.#all(value['args']);
  }

  #operator(value: TreeNode): boolean {
    const kind = textOf(value['kind']) ?? '';
    const [operator] = namesOf(value['name']);
    const known = rangeKinds.has(kind) || (operatorKinds.has(kind) && comparisons.has(operator ?? ''));
    return known && value['lexpr'] !== undefined && [value['lexpr'], value['rexpr']].every((side) => this.expression(side));
  }

  #subLink(value: TreeNode): boolean {
    const kind = value['subLinkType'];
    if (kind !== 'EXISTS_SUBLINK' && kind !== 'ANY_SUBLINK') return false;
    const { testexpr, operName, subselect } = value;
    if (operName !== undefined && namesOf(operName)[0] !== '=') return false;
    return (testexpr === undefined || this.expression(testexpr)) && this.query(subselect, false);
  }

  expression(item: unknown): boolean {
    const node = structOf(item);
    if (isFixed(node)) return true;
    const tag = tagOf(node) ?? '';
    const value = structOf(node[tag]);
    if (tag === 'ColumnRef') return this.#column(value);
    if (tag === 'FuncCall') return this.#call(value);
    if (tag === 'A_Expr') return this.#operator(value);
    if (tag === 'BoolExpr' || tag === 'CoalesceExpr') return this.#all(value['args']);
    if (tag === 'NullTest' || tag === 'BooleanTest') return this.expression(value['arg']);
    if (tag === 'SubLink') return this.#subLink(value);
    if (tag === 'List') return this.#all(value['items']);
    if (tag === 'RowExpr') return this.#all(value['args']);
    return false;
  }

  #output(item: unknown): boolean {
    const val = structOf(structOf(structOf(item)['ResTarget'])['val']);
    const ref = structOf(val['ColumnRef']);
    if (tagOf(structOf(listOf(ref['fields']).at(-1))) === 'A_Star') return true;
    const call = structOf(val['FuncCall']);
    const names = namesOf(call['funcname']);
    if (names.length === 1 && aggregates.has(names[0] ?? '')) return this.#all(call['args']) && call['agg_filter'] === undefined;
    return this.expression(val);
  }

  /** A whole SELECT; `top`: its columns are computed after everything else, so they may be anything. */
  query(item: unknown, top: boolean): boolean {
    return this.#select(structOf(structOf(item)['SelectStmt']), top);
  }

  #select(value: TreeNode, top: boolean): boolean {
    if (value['larg'] !== undefined)
      return this.#select(structOf(value['larg']), top) && this.#select(structOf(value['rarg']), top) && this.clauses(value);
    return (top || listOf(value['targetList']).every((one) => this.#output(one))) && this.clauses(value);
  }

  /** WITH, FROM and conditions of any statement, and every query inside what is computed last. */
  clauses(value: TreeNode): boolean {
    const conditions = ['whereClause', 'havingClause'].every((key) => value[key] === undefined || this.expression(value[key]));
    const from = [...listOf(value['fromClause']), ...listOf(value['usingClause'])].every((one) => this.#from(structOf(one)));
    const queries = listOf(structOf(value['withClause'])['ctes']).every((one) => {
      const query = structOf(structOf(structOf(one)['CommonTableExpr'])['ctequery']);
      return this.statement(query, false);
    });
    return conditions && from && queries && Object.entries(value).every(([key, inner]) => judged.has(key) || this.#inner(inner));
  }

  statement(node: TreeNode, top: boolean): boolean {
    if (node['SelectStmt'] !== undefined) return this.query(node, top);
    const value = structOf(node[tagOf(node) ?? '']);
    const source = value['selectStmt'];
    return (source === undefined || this.query(source, true)) && this.clauses(value);
  }

  #from(node: TreeNode): boolean {
    const tag = tagOf(node) ?? '';
    const value = structOf(node[tag]);
    if (tag === 'RangeVar') return true;
    if (tag === 'RangeSubselect') return this.query(value['subquery'], false);
    if (tag === 'RangeFunction') return this.#inner(value);
    if (tag !== 'JoinExpr') return false;
    if (value['isNatural'] === true ? this.#strange.size > 0 : namesOf(value['usingClause']).some((one) => this.#strange.has(one)))
      return false;
    return (
      this.#from(structOf(value['larg'])) &&
      this.#from(structOf(value['rarg'])) &&
      (value['quals'] === undefined || this.expression(value['quals']))
    );
  }

  /** Queries inside an expression that is computed last: their own conditions come before it. */
  #inner(value: unknown): boolean {
    if (Array.isArray(value)) return value.every((one) => this.#inner(one));
    if (!isNode(value)) return true;
    if (value['SelectStmt'] !== undefined) return this.query(value, true);
    return Object.values(value).every((one) => this.#inner(one));
  }
}
