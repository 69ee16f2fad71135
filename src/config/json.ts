// Reads JSON that a human or a package wrote. Must never accept what two readers could understand differently: duplicate keys, `__proto__`.
import { CloisterError, type ErrorCode } from '../errors.ts';
import { showEnds, showText, showValue } from './show.ts';

/** Deeper than any manifest or configuration; keeps every recursive reader after this one off the end of its stack. */
const maxDepth = 48;
const maxPointerLength = 400;

interface Level {
  /** null for a list. */
  readonly keys: Set<string> | null;
  key: string;
  index: number;
  wantsKey: boolean;
}

const pointerOf = (levels: readonly Level[]): string =>
  levels.map((level) => `/${level.keys === null ? level.index : level.key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

const endOfString = (text: string, start: number): number => {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
};

/** Walks text that JSON.parse has already accepted, so quotes and brackets are known to match. */
const refuseAmbiguity = (text: string, refuse: (levels: readonly Level[], cause: string) => never): void => {
  const levels: Level[] = [];
  const takeKey = (level: Level, token: string): void => {
    const key: unknown = JSON.parse(token);
    if (typeof key !== 'string' || level.keys === null) return;
    if (key === '__proto__') refuse(levels.slice(0, -1), 'key "__proto__" is not allowed; remove it');
    if (level.keys.has(key)) refuse(levels.slice(0, -1), `key ${showValue(key)} stands there twice; keep one`);
    level.keys.add(key);
    level.key = key;
    level.wantsKey = false;
  };
  for (let at = 0; at < text.length; at += 1) {
    const level = levels.at(-1);
    switch (text[at]) {
      case '{':
      case '[':
        levels.push({ keys: text[at] === '{' ? new Set() : null, key: '', index: 0, wantsKey: text[at] === '{' });
        if (levels.length > maxDepth) refuse([], `nests deeper than ${maxDepth} levels; flatten it`);
        break;
      case '}':
      case ']':
        levels.pop();
        break;
      case ',':
        if (level === undefined) break;
        if (level.keys === null) level.index += 1;
        else level.wantsKey = true;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (level?.wantsKey === true) takeKey(level, text.slice(at, end + 1));
        at = end;
        break;
      }
    }
  }
};

/** JSON text to a value, or a refusal with `code` that names `where` and the place in it. */
export const parseJson = (text: string, where: string, code: ErrorCode): unknown => {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const refuse = (pointer: string, cause: string): never => {
    throw new CloisterError(code, `${where}#${showEnds(pointer, maxPointerLength)}: ${cause}`, { where, pointer });
  };
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    return refuse('', `not JSON: ${showText(error instanceof Error ? error.message : String(error), 160)}`);
  }
  // A place is spelled out where it is told: beside a long key there may be thousands of short ones.
  refuseAmbiguity(source, (levels, cause) => refuse(pointerOf(levels), cause));
  return value;
};
