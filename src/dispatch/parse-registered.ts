// Reads what a cell says that its register functions have done. Must never trust a count or a name in it.
import type { ListenerFact } from '../../sandbox/protocol/kinds.ts';
import { CloisterError } from '../errors.ts';

export interface RegisteredParts {
  /** Ids to be checked by whoever mounts them. */
  readonly mounts: readonly unknown[];
  readonly hooks: number;
  /** Tuples to be checked by whoever listens. */
  readonly listeners: readonly ListenerFact[];
}

const refuse = (): never => {
  throw new CloisterError('ERR_REGISTER_FAILED', 'what its registration says cannot be read');
};

export const parseRegistered = (text: string): RegisteredParts => {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return refuse();
  }
  if (typeof said !== 'object' || said === null) return refuse();
  const { mounts, hooks, listeners } = said as Readonly<Record<string, unknown>>;
  if (!Array.isArray(mounts) || !Array.isArray(listeners) || typeof hooks !== 'number') return refuse();
  if (!listeners.every((fact) => Array.isArray(fact) && fact.length === 3)) return refuse();
  return { mounts, hooks, listeners: listeners as readonly ListenerFact[] };
};
