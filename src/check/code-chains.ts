// What a script names and in what order, read by a real parser: `database('articles').where(…)` as a root and its steps. Must never run a word of it, nor take what it found for all there is.
import { type Node, parse } from 'acorn';
import type { CodeChain, CodeStep } from '../bridge/capability.ts';

type Tree = Node & Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && typeof (value as Tree).type === 'string';

/** Names that stand for one text wherever they stand. */
type Constants = ReadonlyMap<string, string | null>;

/** A text that is known before anything runs; null: only running shows it. */
const literalOf = (value: unknown, constants?: Constants): string | null => {
  if (!isTree(value)) return null;
  if (value.type === 'Identifier') return constants?.get(String(value['name'])) ?? null;
  if (value.type === 'Literal') return typeof value['value'] === 'string' ? value['value'] : null;
  const { quasis, expressions } = value as { readonly quasis?: readonly Tree[]; readonly expressions?: readonly Tree[] };
  if (value.type !== 'TemplateLiteral' || quasis === undefined || expressions?.length !== 0) return null;
  const cooked = (quasis[0]?.['value'] as { readonly cooked?: unknown } | undefined)?.cooked;
  return typeof cooked === 'string' ? cooked : null;
};

/** Keys of an object literal, one level: what is written where. */
const keysOf = (value: unknown): readonly string[] => {
  if (!isTree(value) || value.type !== 'ObjectExpression') return [];
  return (value['properties'] as readonly Tree[]).flatMap((property) => nameOf(property) ?? []);
};

/** The name of a member or of a property, where it is not computed. */
const nameOf = (node: Tree): string | null => {
  const key = node.type === 'MemberExpression' ? node['property'] : node['key'];
  if (!isTree(key)) return null;
  if (node['computed'] !== true && key.type === 'Identifier') return String(key['name']);
  return literalOf(key);
};

const argsOf = (node: Tree, constants: Constants): CodeStep => {
  const given = (node['arguments'] as readonly unknown[]).map((value) => literalOf(value, constants));
  const keys = (node['arguments'] as readonly unknown[]).map(keysOf);
  return { kind: node.type === 'NewExpression' ? 'new' : 'call', args: given, keys };
};

/** Root and steps of an expression, outermost last; null where it begins with something else than a name. */
const readChain = (node: Tree, constants: Constants): { readonly root: string; readonly steps: readonly CodeStep[] } | null => {
  const steps: CodeStep[] = [];
  let at: unknown = node;
  while (isTree(at)) {
    if (at.type === 'Identifier') return { root: String(at['name']), steps: steps.toReversed() };
    if (at.type === 'MemberExpression') {
      steps.push({ kind: 'member', name: nameOf(at) });
      at = at['object'];
    } else if (at.type === 'CallExpression' || at.type === 'NewExpression') {
      steps.push(argsOf(at, constants));
      at = at['callee'];
    } else if (at.type === 'AwaitExpression' || at.type === 'YieldExpression') at = at['argument'];
    else if (at.type === 'ChainExpression') at = at['expression'];
    else return null;
  }
  return null;
};

const isChainPart = (node: Tree): boolean =>
  node.type === 'MemberExpression' || node.type === 'CallExpression' || node.type === 'NewExpression';

/** `const { A, B } = env`: each as if it were `env.A`. */
const readPattern = (pattern: unknown, from: unknown, constants: Constants): readonly CodeChain[] => {
  if (!isTree(pattern) || pattern.type !== 'ObjectPattern' || !isTree(from)) return [];
  const chain = readChain(from, constants);
  if (chain === null) return [];
  return (pattern['properties'] as readonly Tree[]).map((property) => ({
    root: chain.root,
    steps: [...chain.steps, { kind: 'member', name: property.type === 'Property' ? nameOf(property) : null }],
  }));
};

export interface Code {
  readonly chains: readonly CodeChain[];
  /** Members of the register context that some function takes by name. */
  readonly context: ReadonlySet<string>;
  /** There is more than was read. */
  readonly isCut: boolean;
}

/** More than any bundle has; keeps a hostile one from filling memory. */
const maxChains = 200_000;

/** What is handed to a register function. */
const registerContext: ReadonlySet<string> = new Set(['services', 'exceptions', 'database', 'getSchema', 'env', 'logger', 'emitter', 'kv']);

const readContext = (node: Tree, context: Set<string>): void => {
  const params = node['params'];
  const pattern: unknown = Array.isArray(params) ? (params[1] ?? params[0]) : undefined;
  if (!isTree(pattern) || pattern.type !== 'ObjectPattern') return;
  for (const property of pattern['properties'] as readonly Tree[]) {
    const name = property.type === 'Property' ? nameOf(property) : null;
    if (name !== null && registerContext.has(name)) context.add(name);
  }
};

/** Every node, without recursion: a hostile script nests deeper than a stack. */
function* nodesOf(tree: unknown): Generator<Tree> {
  const stack: unknown[] = [tree];
  while (stack.length > 0) {
    const next = stack.pop();
    if (Array.isArray(next)) for (const item of next) stack.push(item);
    else if (isTree(next)) {
      yield next;
      for (const value of Object.values(next)) if (typeof value === 'object' && value !== null) stack.push(value);
    }
  }
}

/** Variables that are given a text where they are declared, and nothing anywhere else. */
const readConstants = (tree: unknown): Constants => {
  const constants = new Map<string, string | null>();
  const bind = (name: unknown, text: string | null): void => {
    if (!isTree(name) || name.type !== 'Identifier') return;
    const key = String(name['name']);
    constants.set(key, constants.has(key) ? null : text);
  };
  for (const node of nodesOf(tree)) {
    if (node.type === 'VariableDeclarator') bind(node['id'], literalOf(node['init']));
    else if (node.type === 'AssignmentExpression') bind(node['left'], null);
    else if (Array.isArray(node['params'])) for (const param of node['params'] as readonly unknown[]) bind(param, null);
  }
  return constants;
};

/** Throws SyntaxError or RangeError for what is no script, or nests deeper than its parser. `tick` is called all along, and may throw: names without end take a parser hours. */
export const readCode = (script: string, tick: () => void = () => undefined): Code => {
  const chains: CodeChain[] = [];
  const context = new Set<string>();
  const tree = parse(script, { ecmaVersion: 'latest', onToken: tick });
  const constants = readConstants(tree);
  const stack: { readonly node: unknown; readonly inChain: boolean }[] = [{ node: tree, inChain: false }];
  for (let next = stack.pop(); next !== undefined && chains.length < maxChains; next = stack.pop()) {
    const { node, inChain } = next;
    if (Array.isArray(node)) {
      for (const item of node) stack.push({ node: item, inChain: false });
      continue;
    }
    if (!isTree(node)) continue;
    const isPart = isChainPart(node);
    if (isPart && !inChain) {
      const chain = readChain(node, constants);
      if (chain !== null) chains.push(chain);
    }
    if (Array.isArray(node['params'])) readContext(node, context);
    if (node.type === 'VariableDeclarator') for (const chain of readPattern(node['id'], node['init'], constants)) chains.push(chain);
    for (const [key, value] of Object.entries(node)) {
      if (typeof value !== 'object' || value === null) continue;
      stack.push({ node: value, inChain: isPart && (key === 'object' || key === 'callee') });
    }
  }
  return { chains, context, isCut: chains.length >= maxChains };
};
