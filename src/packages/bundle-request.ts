// What the host asks of the bundler process and what comes back. Must never hold more than data: it crosses a process boundary as JSON.
import type { ErrorCode } from '../errors.ts';
import type { PackageLimits } from '../limits/package-table.ts';
import type { BundleEntry } from './virtual-modules.ts';

export type Entry =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'entries'; readonly entries: readonly BundleEntry[] };

export type BundleOutput = 'script' | 'esm' | 'cjs';

export interface BundleRequest {
  readonly root: string;
  /** Path → text: the package itself, which then lies in no folder. */
  readonly files?: Readonly<Record<string, string>>;
  readonly entry: Entry;
  readonly limits: PackageLimits;
  /** What becomes of it: the script of a cell, or a module for a package to be published with. */
  readonly output: BundleOutput;
}

export type BundleReply =
  | { readonly ok: true; readonly script: string; readonly sourceMap: string }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly cause: string;
      /** The process that said so is not to be asked again. */
      readonly spent: boolean;
    };

/** Where the extension believes it lies. The same for every extension: no machine's path gets in. */
export const virtualFolder = '/extension';
export const virtualFile = '/extension/index.js';

/** How every script ends. */
export const scriptClosing = `});\n//# sourceURL=${virtualFile}`;
