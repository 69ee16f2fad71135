// Whether one grant lets through all that another does. Pure; must never say yes where it cannot tell.
import { coversNames } from '../../policy/covers.ts';
import type { RouterGrant } from './contract.ts';

const coversMethods = (wide: RouterGrant['methods'], narrow: RouterGrant['methods']): boolean => {
  if (wide === undefined) return true;
  if (narrow === undefined) return false;
  // HEAD follows GET and OPTIONS any, as the policy has it.
  return coversNames([...wide, ...(wide.includes('GET') ? ['HEAD'] : []), ...(wide.length > 0 ? ['OPTIONS'] : [])], narrow);
};

/** What stands before `/*`; null for a path that means itself. */
const startOf = (pattern: string): string | null => (pattern.endsWith('/*') ? pattern.slice(0, -2) : null);

const coversPath = (wide: string, narrow: string): boolean => {
  if (wide === narrow) return true;
  const start = startOf(wide);
  if (start === null) return false;
  const inner = startOf(narrow) ?? narrow;
  return inner === start || inner.startsWith(`${start}/`);
};

export const coversRouter = (wide: RouterGrant, narrow: RouterGrant): boolean => {
  if (!coversMethods(wide.methods, narrow.methods)) return false;
  if (wide.paths === undefined) return true;
  return narrow.paths?.every((path) => wide.paths?.some((one) => coversPath(one, path)) === true) === true;
};
