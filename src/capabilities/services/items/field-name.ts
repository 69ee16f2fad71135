// Takes apart how a query spells a field: a path with dots, a function around a field. Must never resolve a name.
import { invalidQuery } from './errors.ts';

export interface FieldName {
  readonly name: string;
  /** `year` of `year(date)`; null: the field itself. */
  readonly call: string | null;
  /** `a.b` of `json(field, a.b)`. */
  readonly path: string | null;
}

const maxChars = 500;
const called = /^([a-z]+)\(([^(),]+)(?:,([^()]+))?\)$/;

/** At the dots outside of brackets. */
export const splitPath = (text: string): readonly string[] => {
  if (text.length > maxChars) throw invalidQuery('A field is too long');
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    else if (char === '.' && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
};

export const parseFieldName = (text: string): FieldName => {
  const [, call, name, path] = called.exec(text) ?? [];
  if (call === undefined || name === undefined) return { name: text, call: null, path: null };
  return { name: name.trim(), call, path: path?.trim() ?? null };
};

/** How a function's value is called in an item. */
export const outputName = ({ name, call, path }: FieldName): string => {
  if (call === null) return name;
  return [name, ...(path === null ? [] : path.split(/[.[\]]+/).filter((part) => part !== '')), call].join('_');
};
