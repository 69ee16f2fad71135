// Judges the tree of one text: exactly one statement, of the four kinds or a definition. Must never know a grant.
import { tableLabel } from '../names.ts';
import type { Analysis, StatementKind } from './analysis.ts';
import { walkDefinition } from './definition.ts';
import type { TreeNode } from './parser.ts';
import { Refusal } from './refusal.ts';
import { listOf, structOf, tagOf } from './tree.ts';
import { Walk, type WalkTables } from './walk.ts';

const kindOf = (tag: string): StatementKind | undefined => {
  if (tag === 'SelectStmt') return 'select';
  if (tag === 'InsertStmt') return 'insert';
  if (tag === 'UpdateStmt') return 'update';
  if (tag === 'DeleteStmt') return 'delete';
  return undefined;
};

export const walkStatement = (tree: TreeNode, tables: WalkTables): Analysis => {
  const statements = listOf(tree['stmts']);
  if (statements.length !== 1)
    throw new Refusal('statement.single', `one statement at a time; this text holds ${String(statements.length)}`);
  const statement = structOf(structOf(statements[0])['stmt']);
  const tag = tagOf(statement) ?? '';
  const kind = kindOf(tag);
  if (kind === undefined) {
    const definition = walkDefinition(tag, statement, tables);
    if (definition !== undefined) return definition;
    throw new Refusal('statement.kind', 'only SELECT, INSERT, UPDATE and DELETE are admitted, and with ddl definitions of own tables');
  }
  const walk = new Walk(tables);
  walk.node(statement, new Set());
  const needs = [...walk.needs.values()];
  return {
    ok: true,
    kind,
    needs,
    tables: [...new Set(needs.map((need) => tableLabel(need.schema, need.name)))],
    functions: [...walk.functions],
    calls: [...walk.calls],
    attributes: [...walk.attributes],
    writes: walk.writes,
    answersRows: kind === 'select' || structOf(statement[tag])['returningClause'] !== undefined,
  };
};
