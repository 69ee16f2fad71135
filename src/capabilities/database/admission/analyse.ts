// Reads off each SQL text what it needs, once. Must never know a grant: policy.ts compares.
import { LRUCache } from 'lru-cache';
import { databaseBounds } from '../bounds.ts';
import type { Analyse, Analysis } from './analysis.ts';
import { boundNesting } from './nesting.ts';
import type { SqlParser } from './parser.ts';
import { Refusal } from './refusal.ts';
import type { WalkTables } from './walk.ts';
import { walkStatement } from './walk-statement.ts';

/** How many analyses are kept, and of how much SQL text together. */
const memoEntries = 5_000;
const memoCharacters = 8 * 1024 * 1024;

const refuse = (rule: string, reason: string): Analysis => ({ ok: false, rule: `database.${rule}`, reason });

const analyseText = (sql: string, parser: SqlParser, tables: WalkTables): Analysis => {
  if (Buffer.byteLength(sql) > databaseBounds.sqlBytes.value)
    return refuse('limits.sql', `the SQL text is over ${String(databaseBounds.sqlBytes.value)} bytes`);
  // Both end or change the text on its way to the server: what would run is not what was judged.
  if (sql.includes('\0') || !sql.isWellFormed()) return refuse('syntax', 'the SQL text holds a NUL or half a surrogate pair');
  if (boundNesting(sql) > databaseBounds.nesting.value) return refuse('limits.depth', 'the statement is nested too deeply');
  const outcome = parser.parse(sql);
  if (!outcome.ok) return refuse('syntax', outcome.message);
  try {
    return walkStatement(outcome.tree, tables);
  } catch (error) {
    if (error instanceof Refusal) return refuse(error.rule, error.message);
    throw error;
  }
};

/** Keeps what it found by text: the same statement is parsed once, whoever asks. */
export const makeAnalyse = (parser: SqlParser, tables: WalkTables): Analyse => {
  const memo = new LRUCache<string, Analysis>({
    max: memoEntries,
    maxSize: memoCharacters,
    sizeCalculation: (_analysis, sql) => sql.length,
  });
  return (sql) => {
    const known = memo.get(sql);
    if (known !== undefined) return known;
    const analysis = analyseText(sql, parser, tables);
    memo.set(sql, analysis);
    return analysis;
  };
};
