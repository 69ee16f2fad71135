// Brings a request path into the one form that patterns are compared with, or says why it has none. Pure; must never decide.
import { ambiguousHex, pathCharacter } from './contract.ts';

/** A part that means "here" or "up", however its dots and the slashes around it are written. */
const dotSegment = /(?:\/|%2f|%5c)(?:\.|%2e){1,2}(?:\/|%2f|%5c|$)/i;
/** Controls, space, DEL, backslash, and what would begin a query or a fragment. */
const outsidePath = /[^!-[\]-~\u0080-\u{10ffff}]|[?#]/u;
const canonical = new RegExp(`^(?:/${pathCharacter}+)*$`);
const ambiguous = new RegExp(`%${ambiguousHex}`);
const encoded = /%[0-9a-f]{2}/gi;

export type ParsedPath = { readonly path: string } | { readonly reason: string };

/** What no request may have, whatever is granted. */
export const findTrick = (path: string): string | null => {
  if (!path.startsWith('/')) return 'the path does not begin with a slash';
  if (outsidePath.test(path)) return 'the path has a backslash, a space, a control character or a query';
  if (dotSegment.test(path)) return 'the path has . or .. as a part';
  return null;
};

const isText = (path: string): boolean => {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
};

/** For grants that list paths: a path that could be read in two ways is none. One slash at the end is not part of it. */
export const parsePath = (path: string): ParsedPath => {
  const trimmed = path.endsWith('/') ? path.slice(0, -1) : path;
  if (!canonical.test(trimmed) || !isText(trimmed))
    return { reason: 'the path has an empty part, a raw character outside ASCII or a bad encoding' };
  if (ambiguous.test(trimmed)) return { reason: 'the path has a character encoded that need not or must not be' };
  return { path: trimmed.replace(encoded, (triplet) => triplet.toUpperCase()) };
};
