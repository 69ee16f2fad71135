// Which texts are names of events and patterns of names, and which names are the host's own. Must never decide what a grant covers.
import { emitterBounds } from './bounds.ts';

const part = '[\\p{L}\\p{N}_:/@$#-]+';
const partOrWildcard = `(?:\\*\\*?|${part})`;
const joined = (one: string): string => `^${one}(?:\\.${one}){0,${emitterBounds.segments.value - 1}}$`;

/** Letters, digits and what stands in names of collections and packages, in parts between dots. */
export const namePattern = joined(part);
/** The same, where `*` stands for one part and `**` for any number of them. */
export const wildcardPattern = joined(partOrWildcard);

const coreOperations = new Set(['create', 'update', 'delete', 'read', 'query', 'sort', 'promote']);
const coreFamilies = new Set([
  'app',
  'auth',
  'cli',
  'database',
  'email',
  'extensions',
  'files',
  'middlewares',
  'request',
  'routes',
  'server',
  'websocket',
]);
const coreNames = new Set(['authenticate', 'response']);

/** `items.create`, `orders.items.create`. */
export const isItemsEvent = (name: string): boolean => {
  const parts = name.split('.');
  return parts.at(-2) === 'items' && coreOperations.has(parts.at(-1) ?? '');
};

/** Names by which the host tells what happened in it: an extension may say them only where the grant holds the very name. */
export const isCoreName = (name: string): boolean => {
  const parts = name.split('.');
  if (coreNames.has(name) || (parts.length === 2 && coreFamilies.has(parts[0] ?? ''))) return true;
  return parts[0] === 'routes' || isItemsEvent(name);
};
