// The first wall of one extension: judges each text under the intersection of its grants, and rewrites it for rows and columns. Must never hold a connection.
import type { Decision } from '../../../bridge/capability.ts';
import type { ResolvedGrant, TableWish } from '../grant.ts';
import { isOwnSchema, tableKey, tenantSchemaOf } from '../names.ts';
import { decideStatement } from '../policy.ts';
import type { RuleVariable } from '../rule.ts';
import type { Analyse, Analysis } from './analysis.ts';
import type { Draft } from './build.ts';
import { Calm } from './calm.ts';
import type { Catalog } from './catalog.ts';
import { ColumnUses } from './column-uses.ts';
import { defineSql, moveSchema } from './own-schema.ts';
import type { SqlParser } from './parser.ts';
import { Refusal } from './refusal.ts';
import { rewriteWrite } from './rewrite-target.ts';
import { draftOf, Rewriter } from './rewriter.ts';
import { countParameters, grantOf, Parameters, type RewriteContext } from './shadow.ts';
import { listUses, type TableUse } from './table-uses.ts';
import { isNode, listOf, structOf } from './tree.ts';
import { writeSql } from './write-sql.ts';

/** A statement as it runs. */
export interface Admitted {
  readonly text: string;
  /** How many bindings the guest has to give; null: the server counts them. */
  readonly parameters: number | null;
  /** What the host binds after those of the guest. */
  readonly extra: readonly RuleVariable[];
  /** That many columns at the end of each row are not the guest's. */
  readonly checkColumns: number;
  /** It defines tables, so the schema of the tenant has to be there. */
  readonly defines?: boolean;
}

export interface Admission {
  /** Pure: the same text always gets the same answer, whoever asks. */
  decide(sql: string, tenant: string): Decision;
  /** undefined: it is refused. The tenant decides where the extension's own tables are, and nothing else. */
  find(sql: string, tenant: string): Admitted | undefined;
  /** What it needs of granted tables, for the ledger. */
  usesOf(sql: string, tenant: string): readonly TableUse[];
}

export interface AdmissionParts {
  readonly grant: ResolvedGrant;
  readonly catalog: Catalog;
  readonly analyse: Analyse;
  readonly parser: SqlParser;
  /** What statements call the schema of the extension's own tables; null: it has none; undefined: not known yet. */
  readonly ownSchema: string | null | undefined;
  /** Whom policies of own tables are for. */
  readonly role?: string;
}

/** A text as it came: what a grant narrows nothing of. */
export const asItIs = (sql: string): Admitted => ({ text: sql, parameters: null, extra: [], checkColumns: 0 });

type Judged = Analysis & { readonly ok: true };

interface Product {
  readonly decision: Decision;
  readonly admitted?: Admitted;
  /** Once somebody asked. */
  uses?: readonly TableUse[];
}

const takesLocks = (value: unknown): boolean => {
  if (Array.isArray(value)) return value.some(takesLocks);
  return isNode(value) && Object.entries(value).some(([key, inner]) => key === 'lockingClause' || takesLocks(inner));
};

const dropRules = (table: TableWish): TableWish => ({
  ...table,
  operations: new Map([...table.operations].map(([operation, { columns }]) => [operation, { columns, rows: null, defaults: new Map() }])),
});

export const makeAdmission = ({ grant, catalog, analyse, parser, ownSchema, role = '' }: AdmissionParts): Admission => {
  const strange = new Set([...catalog.values()].flat().flatMap((column) => (column.plain ? [] : [column.name])));
  const calm = new Calm(strange);
  /** Rules would put conditions of their own between the names and what they mean. */
  const withoutRules: ResolvedGrant = { ...grant, tables: new Map([...grant.tables].map(([key, table]) => [key, dropRules(table)])) };
  const memo = new WeakMap<Analysis, Product>();

  const makeContext = (analysis: Judged, statement: unknown): RewriteContext => ({
    grant,
    catalog,
    needs: new Set(analysis.needs.map((need) => `${tableKey(need.schema, need.name)}.${need.operation}`)),
    locks: takesLocks(statement),
    isCalm: calm.statement(structOf(statement), true),
    calm,
  });

  /** Whether the grant narrows anything the statement does. */
  const isNarrowed = (analysis: Judged): boolean =>
    analysis.needs.some((need) => {
      const key = tableKey(need.schema, need.name);
      if (!grant.tables.has(key)) return true;
      const { columns, rows, defaults } = grantOf({ grant } as RewriteContext, key, need.operation);
      return columns !== 'all' || rows !== null || defaults.size > 0;
    });

  const parseDraft = (sql: string): Draft => {
    const outcome = parser.parse(sql);
    if (!outcome.ok) throw new Refusal('syntax', outcome.message);
    return draftOf(structOf(listOf(outcome.tree['stmts'])[0])['stmt']);
  };

  const isOwn = (schema: string): boolean => (ownSchema === undefined ? isOwnSchema(schema) : schema === ownSchema);
  const touchesOwn = (analysis: Judged): boolean => analysis.defines !== undefined || analysis.needs.some(({ schema }) => isOwn(schema));

  const rewrite = (sql: string, analysis: Judged, tenant: string): Admitted => {
    const statement = parseDraft(sql);
    const own = ownSchema ?? '';
    if (analysis.defines !== undefined) {
      moveSchema(statement, own, tenantSchemaOf(own, tenant));
      const defined = { tenant, role, schema: tenantSchemaOf(own, tenant), table: analysis.defines.relations[0]?.name ?? '' };
      return {
        text: defineSql(analysis.kind, writeSql(statement, parser), defined),
        parameters: 0,
        extra: [],
        checkColumns: 0,
        defines: true,
      };
    }
    const guests = countParameters(statement);
    const parameters = new Parameters(guests);
    const rewriter = new Rewriter(makeContext(analysis, statement), parameters, rewriteWrite);
    rewriter.statement(statement, null, new Map(), true);
    if (touchesOwn(analysis)) moveSchema(statement, own, tenantSchemaOf(own, tenant));
    const text = writeSql(statement, parser);
    return { text, parameters: guests, extra: parameters.extra, checkColumns: rewriter.checkColumns };
  };

  const judge = (sql: string, analysis: Analysis, tenant: string): Product => {
    const decision = decideStatement(analysis, grant, isOwn);
    if (!analysis.ok || !decision.allow) return { decision };
    if (!isNarrowed(analysis) && !touchesOwn(analysis)) return { decision, admitted: asItIs(sql) };
    try {
      return { decision, admitted: rewrite(sql, analysis, tenant) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { decision: { allow: false, rule: `database.${error.rule}`, reason: error.message } };
    }
  };

  const find = (sql: string, tenant: string): Product => {
    const analysis = analyse(sql, tenant);
    const known = memo.get(analysis);
    if (known !== undefined) return known;
    const product = judge(sql, analysis, tenant);
    memo.set(analysis, product);
    return product;
  };

  const learn = (sql: string, analysis: Analysis): readonly TableUse[] => {
    if (!analysis.ok || analysis.defines !== undefined) return [];
    const uses = new ColumnUses();
    try {
      const statement = parseDraft(sql);
      const context = { ...makeContext(analysis, statement), grant: withoutRules, isCalm: true, uses };
      new Rewriter(context, new Parameters(0), rewriteWrite).statement(statement, null, new Map(), true);
    } catch (error) {
      // Refused half way: what it needed until then is known, and the rest is no use of anything.
      if (!(error instanceof Refusal)) throw error;
    }
    return listUses(analysis.needs, catalog, uses);
  };

  return {
    decide: (sql, tenant) => find(sql, tenant).decision,
    find: (sql, tenant) => find(sql, tenant).admitted,
    usesOf(sql, tenant) {
      const product = find(sql, tenant);
      product.uses ??= learn(sql, analyse(sql, tenant));
      return product.uses;
    },
  };
};
