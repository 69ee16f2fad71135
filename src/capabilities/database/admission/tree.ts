// Looks into a parse tree without trusting it: each accessor gives the value in one form, or a refusal's absence. Must never follow a prototype.
import type { TreeNode } from './parser.ts';

export const isNode = (value: unknown): value is TreeNode => typeof value === 'object' && value !== null && !Array.isArray(value);

const empty: TreeNode = Object.freeze({});

/** An object as it is; anything else as an empty one, which no shape takes for something. */
export const structOf = (value: unknown): TreeNode => (isNode(value) ? value : empty);

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** The one key of a tagged node; undefined for an empty node or one with several. */
export const tagOf = (node: TreeNode): string | undefined => {
  const keys = Object.keys(node);
  return keys.length === 1 ? keys[0] : undefined;
};

/** A list of String nodes as text. Anything else in it becomes an empty name, which no list holds. */
export const namesOf = (value: unknown): readonly string[] =>
  listOf(value).map((item) => textOf(structOf(structOf(item)['String'])['sval']) ?? '');
