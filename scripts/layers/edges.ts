// Reads who imports whom, types included, with the compiler's own parser. Must never guess: a file the compiler does not see is reported.
import { existsSync, globSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { SyntaxKind } from 'typescript/unstable/ast';
import { API, type Project } from 'typescript/unstable/sync';
import type { Edge } from './table.ts';

export interface Imports {
  readonly edges: readonly Edge[];
  readonly files: readonly string[];
  /** Source files that no tsconfig covers: their imports are unknown. */
  readonly unseen: readonly string[];
}

interface SpecifierNode {
  readonly text?: string;
  readonly parent: { readonly kind: SyntaxKind; readonly importClause?: { readonly isTypeOnly?: boolean }; readonly isTypeOnly?: boolean };
}

const sourceFolders = ['src', 'sandbox'];

/** `import type`, `export type`, and the type `typeof import('…')`. */
const isTypeOnly = ({ parent }: SpecifierNode): boolean =>
  parent.importClause?.isTypeOnly === true || parent.isTypeOnly === true || parent.kind === SyntaxKind.LiteralType;

/** `./x.ts` becomes a path from the root, `@scope/name/sub` the package's name. */
const resolveTarget = (root: string, file: string, specifier: string): string => {
  if (specifier.startsWith('.')) return relative(root, join(dirname(file), specifier));
  if (specifier.startsWith('node:')) return specifier;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
};

const edgesOf = (root: string, project: Project, file: string): readonly Edge[] =>
  (project.program.getSourceFile(file)?.imports ?? []).flatMap((node) => {
    const specifier = node as unknown as SpecifierNode;
    if (specifier.text === undefined) return [];
    return [{ from: relative(root, file), to: resolveTarget(root, file, specifier.text), typeOnly: isTypeOnly(specifier) }];
  });

export const readImports = (root: string): Imports => {
  const configs = ['tsconfig.json', 'sandbox/tsconfig.json'].map((name) => join(root, name)).filter((file) => existsSync(file));
  const api = new API({ cwd: root });
  try {
    const snapshot = api.updateSnapshot({ openProjects: configs });
    const edges = new Map<string, readonly Edge[]>();
    for (const project of snapshot.getProjects()) {
      for (const file of project.rootFiles) edges.set(relative(root, file), edgesOf(root, project, file));
    }
    const isSource = (file: string): boolean => sourceFolders.some((folder) => file.startsWith(`${folder}/`));
    const files = [...edges.keys()].filter(isSource).sort();
    const all = sourceFolders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root }));
    return { files, edges: files.flatMap((file) => edges.get(file) ?? []), unseen: all.filter((file) => !edges.has(file)).sort() };
  } finally {
    api.close();
  }
};
