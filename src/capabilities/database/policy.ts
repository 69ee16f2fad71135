// Decides statements under one grant, by what their syntax tree needs. Pure: no I/O, no clock, no connection, no mode.
import type { Decision, Policy } from '../../bridge/capability.ts';
import type { Analyse, Analysis } from './admission/analysis.ts';
import type { DatabaseGrant } from './contract.ts';
import { type ResolvedGrant, resolveGrant } from './grant.ts';
import { bringsStatement, isControl, type QueryArgs } from './methods.ts';
import { isOwnSchema, tableKey, tableLabel } from './names.ts';

const maxRuleLength = 200;

/** A granted name without a schema stands for what the search path finds: pg_catalog, then public. */
const grantsFunction = (functions: ReadonlySet<string>, call: string): boolean =>
  functions.has(call) || (call.startsWith('public.') && functions.has(call.slice('public.'.length)));

const defining = 'database.ddl';

/** `isOwn`: whether a schema is the extension's; a grant alone knows no more than that it is one of some extension. */
export const decideStatement = (analysis: Analysis, grant: ResolvedGrant, isOwn: (schema: string) => boolean = isOwnSchema): Decision => {
  if (!analysis.ok) return { allow: false, rule: analysis.rule, reason: analysis.reason };
  const rules: string[] = [];
  for (const { schema, name } of analysis.defines?.relations ?? []) {
    if (!grant.ddl) return { allow: false, rule: defining, reason: 'the statement defines a table, and ddl is not granted' };
    if (!isOwn(schema))
      return {
        allow: false,
        rule: defining,
        reason: `the statement defines ${tableLabel(schema, name)}, which is not the extension's own`,
      };
    if (!rules.includes(defining)) rules.push(defining);
  }
  for (const need of analysis.needs) {
    if (grant.ddl && isOwn(need.schema)) {
      if (!rules.includes(defining)) rules.push(defining);
      continue;
    }
    const label = tableLabel(need.schema, need.name);
    const rule = `database.tables.${label}.${need.operation}`;
    // Whether the table exists makes no difference to the answer.
    const operation = grant.tables.get(tableKey(need.schema, need.name))?.operations.get(need.operation);
    if (operation === undefined)
      return { allow: false, rule, reason: `the statement needs ${need.operation} on the table ${label}, which is not granted` };
    rules.push(rule);
  }
  for (const call of analysis.functions) {
    const rule = `database.functions.${call}`;
    if (!grantsFunction(grant.functions, call))
      return { allow: false, rule, reason: `the function ${call} is neither on the safe list nor granted` };
    rules.push(rule);
  }
  return { allow: true, rule: rules.length === 0 ? 'database.query' : rules.join(' ').slice(0, maxRuleLength) };
};

/** One grant's policy. A text's verdict is kept: the warm statement costs a look-up. */
export const makeDatabasePolicy = (grant: DatabaseGrant, analyse: Analyse): Policy => {
  const resolved = resolveGrant(grant);
  const memo = new WeakMap<Analysis, Decision>();
  return (method, args, tenant = '') => {
    // Their arguments hold no more than handles and words off closed lists; what they are about, the host looks up for the lease.
    if (isControl(method)) return { allow: true, rule: `database.${method}` };
    if (!bringsStatement(method)) return { allow: false, rule: 'database.methods', reason: `the database has no method ${method}` };
    // The bridge has checked the arguments' schema before it asks.
    const { sql } = args as QueryArgs;
    const analysis = analyse(sql, tenant);
    const known = memo.get(analysis);
    if (known !== undefined) return known;
    const decision = decideStatement(analysis, resolved);
    memo.set(analysis, decision);
    return decision;
  };
};
