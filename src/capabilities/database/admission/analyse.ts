// Reads off each SQL text what it needs, once. Must never know a grant: policy.ts compares.
import { databaseBounds } from '../bounds.ts';
import type { Analyse, Analysis } from './analysis.ts';
import { boundNesting } from './nesting.ts';
import type { SqlParser } from './parser.ts';
import { Refusal } from './refusal.ts';
import { TenantMemo } from './tenant-memo.ts';
import type { WalkTables } from './walk.ts';
import { walkStatement } from './walk-statement.ts';

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

/** Keeps what it found by tenant and text: were it by text alone, the time it takes would tell one tenant what another has sent. */
export const makeAnalyse = (parser: SqlParser, tables: WalkTables): Analyse => {
  const memo = new TenantMemo<Analysis>({
    maxChars: databaseBounds.keptChars.value,
    maxTenantChars: databaseBounds.tenantKeptChars.value,
    entryChars,
    idleMs: databaseBounds.keptIdleMs.value,
  });
  const find = (sql: string, tenant: string): Analysis => {
    const known = memo.get(tenant, sql);
    if (known !== undefined) return known;
    const analysis = analyseText(sql, parser, tables);
    memo.set(tenant, sql, analysis);
    return analysis;
  };
  // One call asks nine times: each grant's policy, the ledger, the effect, the statement itself.
  let last = { sql: '', tenant: '', analysis: find('', '') };
  return (sql, tenant) => {
    if (sql !== last.sql || tenant !== last.tenant) last = { sql, tenant, analysis: find(sql, tenant) };
    return last.analysis;
  };
};
const entryChars = 512;
