// Writes a tree as SQL, and proves it: the text is parsed again and must give the same tree. Must never return a text that was not compared.
import { deparseSync } from 'pgsql-deparser';
import type { Draft } from './build.ts';
import type { SqlParser, TreeNode } from './parser.ts';
import { Refusal } from './refusal.ts';
import { isNode, listOf, structOf } from './tree.ts';

/** Where something stood in the text. */
const places = new Set(['location', 'list_start', 'list_end', 'rexpr_list_start', 'rexpr_list_end', 'stmt_location', 'stmt_len']);

const sameTree = (left: unknown, right: unknown): boolean => {
  if (Array.isArray(left))
    return Array.isArray(right) && left.length === right.length && left.every((item, index) => sameTree(item, right[index]));
  if (!isNode(left)) return left === right;
  if (!isNode(right)) return false;
  const keys = Object.keys(left).filter((key) => !places.has(key));
  return (
    keys.length === Object.keys(right).filter((key) => !places.has(key)).length &&
    keys.every((key) => Object.hasOwn(right, key) && sameTree(left[key], right[key]))
  );
};

const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** Names that pgsql-deparser writes without quotes, by node and field. */
const bareNames: ReadonlyMap<string, string> = new Map([
  ['CommonTableExpr', 'ctename'],
  ['NamedArgExpr', 'name'],
  ['InferClause', 'conname'],
  ['infer', 'conname'],
]);

/** A copy whose bare names are quoted. What is missed here, or quoted twice, does not survive the comparison. */
const withQuotes = (value: unknown, at = ''): unknown => {
  if (Array.isArray(value)) return value.map((item) => withQuotes(item, at));
  if (!isNode(value)) return value;
  const bare = bareNames.get(at);
  const copy: Draft = {};
  for (const [key, inner] of Object.entries(value))
    copy[key] = key === bare && typeof inner === 'string' ? quote(inner) : withQuotes(inner, key);
  if (at === 'JoinExpr') for (const key of ['alias', 'join_using_alias']) quoteIn(copy[key], 'aliasname');
  if (at === 'WindowDef' || at === 'over') for (const key of ['name', 'refname']) quoteIn(copy, key);
  return copy;
};

const quoteIn = (value: unknown, key: string): void => {
  const draft = value as Draft | undefined;
  const text = draft?.[key];
  if (draft !== undefined && typeof text === 'string') draft[key] = quote(text);
};

const refuse = (why: string): Refusal =>
  new Refusal('syntax', `the statement cannot be rewritten for the rows and columns of the grant (${why}); write it more plainly`);

const deparse = (statement: TreeNode): string => {
  try {
    return deparseSync(withQuotes(statement) as Parameters<typeof deparseSync>[0], { pretty: false });
  } catch {
    throw refuse('it has a form that is not written');
  }
};

/**
 * The deparser is not trusted: an unquoted name or a missing parenthesis would make another statement of it.
 * So what it wrote counts only where PostgreSQL's own parser reads from it exactly the tree that was meant.
 */
export const writeSql = (statement: TreeNode, parser: SqlParser): string => {
  const text = deparse(statement);
  const outcome = parser.parse(text);
  const statements = outcome.ok ? listOf(outcome.tree['stmts']) : [];
  if (statements.length !== 1 || !sameTree(statement, structOf(statements[0])['stmt'])) throw refuse('it does not read back the same');
  return text;
};
