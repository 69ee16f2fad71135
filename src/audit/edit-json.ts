// Puts one value into JSON text and leaves every other character as it is. Must never be given text that JSON.parse has not accepted.

interface Member {
  readonly key: string;
  readonly valueStart: number;
  readonly valueEnd: number;
}

interface Members {
  readonly list: readonly Member[];
  /** The closing bracket. */
  readonly end: number;
}

const endOfString = (text: string, start: number): number => {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
};

const skipSpace = (text: string, start: number): number => {
  let at = start;
  while (/\s/.test(text[at] ?? '')) at += 1;
  return at;
};

const endOfValue = (text: string, start: number): number => {
  if (text[start] === '"') return endOfString(text, start);
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const sign = text[at] ?? '';
    if (sign === '"') at = endOfString(text, at) - 1;
    else if (sign === '{' || sign === '[') depth += 1;
    else if (sign === '}' || sign === ']') {
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (sign === ',' || /\s/.test(sign))) return at;
  }
  return text.length;
};

/** `start`: the opening bracket of an object. */
const readMembers = (text: string, start: number): Members => {
  const list: Member[] = [];
  let at = skipSpace(text, start + 1);
  while (text[at] === '"') {
    const keyEnd = endOfString(text, at);
    const key = String(JSON.parse(text.slice(at, keyEnd)));
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const valueEnd = endOfValue(text, valueStart);
    list.push({ key, valueStart, valueEnd });
    at = skipSpace(text, valueEnd);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return { list, end: at };
};

const nest = (path: readonly string[], value: unknown): unknown => path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);

/** `path`: keys from the outermost object on; those that are missing come into being, at the end. */
export const setInJson = (text: string, path: readonly string[], value: unknown): string => {
  const unit = /^([ \t]+)"/m.exec(text)?.[1] ?? '  ';
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const write = (what: unknown, depth: number): string => JSON.stringify(what, null, unit).replaceAll('\n', newline + unit.repeat(depth));
  let open = skipSpace(text, text.startsWith('\uFEFF') ? 1 : 0);
  for (const [index, key] of path.entries()) {
    const depth = index + 1;
    const { list, end } = readMembers(text, open);
    const found = list.find((member) => member.key === key);
    const isLast = depth === path.length;
    if (found !== undefined && !isLast && text[found.valueStart] === '{') {
      open = found.valueStart;
      continue;
    }
    const rest = nest(path.slice(depth), value);
    if (found !== undefined) return text.slice(0, found.valueStart) + write(rest, depth) + text.slice(found.valueEnd);
    const member = `${newline}${unit.repeat(depth)}${JSON.stringify(key)}: ${write(rest, depth)}`;
    const last = list.at(-1);
    if (last !== undefined) return `${text.slice(0, last.valueEnd)},${member}${text.slice(last.valueEnd)}`;
    return `${text.slice(0, open + 1)}${member}${newline}${unit.repeat(index)}${text.slice(end)}`;
  }
  return text;
};
