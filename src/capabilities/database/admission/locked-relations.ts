// Which relations a locking clause touches. Must never leave one out: where it cannot tell, it takes all.
import type { TreeNode } from './parser.ts';
import { isNode, structOf, tagOf, textOf } from './tree.ts';

/** The tables below one item of FROM: all, or those under the names that a locking clause lists. */
export const relationsOf = (item: unknown, named: ReadonlySet<string | undefined>): readonly TreeNode[] => {
  const node = structOf(item);
  const tag = tagOf(node);
  if (tag === undefined) return [];
  const value = structOf(node[tag]);
  const alias = value['alias'] === undefined ? undefined : textOf(structOf(value['alias'])['aliasname']);
  const all = named.size === 0 || named.has(alias ?? textOf(value['relname']));
  if (tag === 'RangeVar') return all ? [value] : [];
  if (tag === 'JoinExpr') return [value['larg'], value['rarg']].flatMap((side) => relationsOf(side, all ? new Set() : named));
  return all ? everyRelation(value) : [];
};

const everyRelation = (value: unknown): readonly TreeNode[] => {
  if (Array.isArray(value)) return value.flatMap(everyRelation);
  if (!isNode(value)) return [];
  const own = isNode(value['RangeVar']) ? [value['RangeVar']] : [];
  return [...own, ...Object.values(value).flatMap(everyRelation)];
};
