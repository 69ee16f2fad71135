// What a package that must be refused looks like, and what lies around it. Must never be read as an example.
import type { ErrorCode } from '../../src/errors.ts';
import { endpointJson, type Files } from './package-writer.ts';

export interface BadPackage {
  readonly name: string;
  readonly files: Files;
  readonly code: ErrorCode;
  /** Parts the line must hold: file and cause. */
  readonly says: readonly string[];
}

/** Beside the packages: what none of them may reach. */
export const outside = {
  'secret.js': 'module.exports = "secret";',
  'secret.json': '{"secret":1}',
  'dependency/index.js': 'module.exports = "secret";',
};

/** A package with this entry. */
export const source = (text: string, more: Files = {}): Files => ({ 'package.json': endpointJson(), 'src/index.js': text, ...more });
