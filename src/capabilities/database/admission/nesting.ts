// A bound on how deeply a text can nest, read off its tokens before the parser sees it. Must never be what decides on tables or functions.

const tokens =
  /[eE]'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*'|'[^']*(?:''[^']*)*'|"[^"]*(?:""[^"]*)*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$(\w*)\$[\s\S]*?\$\1\$|[A-Za-z_]\w*|\$?\d[\w.]*|[()[\],]|[-+*/<>=~!@#%^&|`?:]+/g;

const opening = new Set(['(', '[', 'case']);
const closing = new Set([')', ']', 'end']);
/** Between these stand siblings: what was chained before one does not nest with what comes after. */
const separating = new Set([',', 'and', 'or', 'when', 'then', 'else']);
/** These chain to the left across separators. */
const chaining = new Set(['union', 'intersect', 'except', 'join']);

/**
 * An upper bound of the parse tree's depth, or less where the text is not lexed as PostgreSQL would.
 * It only keeps hostile texts from costing time and parsers; parser.ts survives those that get past.
 */
export const boundNesting = (sql: string): number => {
  /** Per open bracket: what chains until the next separator, and what chains to its end. */
  const levels: { chain: number; lasting: number }[] = [{ chain: 0, lasting: 0 }];
  let sum = 0;
  let most = 0;
  for (const match of sql.matchAll(tokens)) {
    const [text] = match;
    const first = text.charCodeAt(0);
    // Strings, quoted names, comments, parameters and numbers are leaves.
    if (
      first === 0x27 ||
      first === 0x22 ||
      first === 0x24 ||
      (first >= 0x30 && first <= 0x39) ||
      text.includes("'") ||
      text.startsWith('--') ||
      text.startsWith('/*')
    )
      continue;
    const token = text.toLowerCase();
    const level = levels.at(-1);
    if (level === undefined) return most;
    if (opening.has(token)) {
      levels.push({ chain: 0, lasting: 1 });
      sum += 1;
    } else if (closing.has(token)) {
      if (levels.length === 1) continue;
      sum -= level.chain + level.lasting;
      levels.pop();
    } else if (separating.has(token)) {
      sum -= level.chain;
      level.chain = 0;
    } else {
      if (chaining.has(token)) level.lasting += 1;
      else level.chain += 1;
      sum += 1;
    }
    if (sum > most) most = sum;
  }
  return most;
};
