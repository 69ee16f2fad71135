// What is wrong with a database, as data: for whom, how badly, and what mends it. Must never hold a secret or a row.
import { CloisterError } from '../../../errors.ts';

export interface DatabaseProblem {
  /** refused: it must not serve like this; missing: the plan was not applied, or not all of it; warning: it works, and the second wall is thinner than it could be. */
  readonly severity: 'refused' | 'missing' | 'warning';
  /** null: it is about the database, or the host's own connection. */
  readonly extension: string | null;
  readonly what: string;
  readonly remedy: string;
}

/** A refusal's own line, which names cause and remedy after its last semicolon. */
export const problemOf = (extension: string | null, error: CloisterError): DatabaseProblem => {
  const text = error.message.replace(extension === null ? '' : `extension ${extension}: `, '');
  const at = text.lastIndexOf('; ');
  return { severity: 'refused', extension, what: at < 0 ? text : text.slice(0, at), remedy: at < 0 ? '' : text.slice(at + 2) };
};

export const isRefusal = (error: unknown): error is CloisterError => error instanceof CloisterError && error.code === 'ERR_DATABASE_UNSAFE';
