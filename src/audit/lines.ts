// Lines of grants, compared. Must never know a capability by name: each brings its own way to compare.
import type { GrantLine, Learning } from '../bridge/capability.ts';

/** What a capability learns by, and nothing else of it. */
export type Learnings = ReadonlyMap<string, Learning>;

/** Whether the outer line gives what the inner one stands for. */
export const coversLine = (learning: Learning, outer: GrantLine, inner: GrantLine): boolean =>
  learning.covers?.(outer, inner) ?? (outer.length <= inner.length && outer.every((part, index) => part === inner[index]));

export const isCovered = (learning: Learning, outer: readonly GrantLine[], inner: GrantLine): boolean =>
  outer.some((line) => coversLine(learning, line, inner));

/** The lines that every grant gives. */
export const commonLines = (learning: Learning, grants: readonly unknown[]): readonly GrantLine[] => {
  const lists = grants.map((grant) => learning.linesOf(grant));
  const all = lists.flat().filter((line) => lists.every((list) => isCovered(learning, list, line)));
  return [...new Map(all.map((line) => [keyOf(line), line])).values()];
};

export const keyOf = (line: GrantLine): string => JSON.stringify(line);

/** As people read it: `tables articles read title`. */
export const showLine = (line: GrantLine): string => (line.length === 0 ? '(all of it)' : line.join(' '));

/** Below the longest text an entry keeps whole. */
const textChars = 480;
const maxTexts = 64;

/** Lines as texts that an entry of the ledger can hold. */
export const packLines = (lines: readonly GrantLine[]): readonly string[] => {
  const texts: string[] = [];
  let text = '';
  for (const key of lines.map(keyOf)) {
    if (key.length > textChars) continue;
    if (text.length + key.length > textChars) {
      texts.push(`[${text}]`);
      text = '';
    }
    text = text === '' ? key : `${text},${key}`;
  }
  return [...texts, `[${text}]`].slice(0, maxTexts);
};

/** The ledger's word, so it may be anything. */
export const unpackLines = (text: string): readonly GrantLine[] => {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return [];
  }
  const isLine = (line: unknown): line is GrantLine => Array.isArray(line) && line.every((part) => typeof part === 'string');
  return Array.isArray(list) ? list.filter(isLine) : [];
};
