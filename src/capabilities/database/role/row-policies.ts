// Row-level security for the rules of a grant: one restrictive policy for each table and operation. Pure; must never leave another role with less than it had.
import { createHash } from 'node:crypto';
import { escapeIdentifier, escapeLiteral } from 'pg';
import type { OperationGrant, ResolvedGrant, TableWish } from '../grant.ts';
import { type Operation, tableKey } from '../names.ts';
import { hasVariables, type Rule } from '../rule.ts';
import type { RoleIdentity } from './identity.ts';
import { type PolicyFacts, policyDigestSql, type RelationFacts } from './relation-facts.ts';
import { type ColumnFacts, ruleSql, valueSql } from './rule-sql.ts';

/** Lets everybody through, on tables where row security was switched on for our sake: who had privileges there goes on as before. */
export const openPolicy = 'cloister_open';

export interface PolicyWish {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  /** FOR … USING … WITH CHECK … */
  readonly clauses: string;
}

/** Begins the name of each policy of this role; no other role has the same. */
export const policyPrefix = (identity: RoleIdentity): string => `cloister_${identity.name.slice(-16)}_`;

const anyOf = (rules: readonly Rule[]): Rule | null => {
  const [only, ...more] = rules;
  if (only === undefined) return null;
  return more.length === 0 ? only : { kind: 'or', rules };
};

const ruleOf = (table: TableWish, operation: Operation): Rule | null => table.operations.get(operation)?.rows ?? null;

/**
 * What SELECT may see. Where reading is not granted, the role may still select the columns its other rules look at (see grant.ts),
 * and then only in the rows of those rules.
 */
const readRule = (table: TableWish): Rule | null =>
  table.operations.has('read')
    ? ruleOf(table, 'read')
    : anyOf([...table.operations.values()].flatMap(({ rows }) => (rows === null ? [] : [rows])));

/** NULL, where the caller has no such variable, is what admission forces then. */
const defaultsSql = (create: OperationGrant | undefined, columns: ReadonlyMap<string, ColumnFacts>): readonly string[] =>
  [...(create?.defaults ?? [])].flatMap(([name, value]) => {
    const column = columns.get(name);
    return column === undefined ? [] : [`${escapeIdentifier(name)} IS NOT DISTINCT FROM ${valueSql(value, column)}`];
  });

const clausesOf = (table: TableWish, columns: ReadonlyMap<string, ColumnFacts>): ReadonlyMap<string, string> => {
  const sqlOf = (rule: Rule | null): string | null => (rule === null ? null : ruleSql(rule, columns));
  const read = sqlOf(readRule(table));
  const create = [sqlOf(ruleOf(table, 'create')), ...defaultsSql(table.operations.get('create'), columns)].filter((one) => one !== null);
  const update = sqlOf(ruleOf(table, 'update'));
  const remove = sqlOf(ruleOf(table, 'delete'));
  return new Map([
    ...(read === null ? [] : [['read', `FOR SELECT TO $role USING (${read})`] as const]),
    ...(create.length === 0 ? [] : [['create', `FOR INSERT TO $role WITH CHECK (${create.join(' AND ')})`] as const]),
    ...(update === null ? [] : [['update', `FOR UPDATE TO $role USING (${update}) WITH CHECK (${update})`] as const]),
    ...(remove === null ? [] : [['delete', `FOR DELETE TO $role USING (${remove})`] as const]),
  ]);
};

export const wantedPolicies = (
  identity: RoleIdentity,
  grant: ResolvedGrant,
  relations: readonly RelationFacts[],
): readonly PolicyWish[] => {
  const facts = new Map(relations.map((relation) => [tableKey(relation.schema, relation.name), relation]));
  return [...grant.tables].flatMap(([key, table]) => {
    const columns = new Map((facts.get(key)?.columns ?? []).map((column) => [column.name, column]));
    return [...clausesOf(table, columns)].map(([operation, clauses]) => ({
      schema: table.schema,
      table: table.name,
      name: `${policyPrefix(identity)}${operation}`,
      clauses: clauses.replace('$role', () => escapeIdentifier(identity.name)),
    }));
  });
};

/** Whether any rule asks who calls: only then the server has to be told. */
export const dependsOnCaller = (grant: ResolvedGrant): boolean =>
  grant.ddl ||
  [...grant.tables.values()].some(({ operations }) =>
    [...operations.values()].some(
      ({ rows, defaults }) => hasVariables(rows) || [...defaults.values()].some((value) => value.kind === 'variable'),
    ),
  );

/** Tables with rules for some operation. */
export const ruledTables = (grant: ResolvedGrant): readonly TableWish[] =>
  [...grant.tables.values()].filter(({ operations }) =>
    [...operations.values()].some(({ rows, defaults }) => rows !== null || defaults.size > 0),
  );

const stampOf = ({ clauses }: PolicyWish): string => createHash('sha256').update(clauses).digest('hex').slice(0, 16);

const isRight = (wish: PolicyWish, found: PolicyFacts | undefined): boolean =>
  found !== undefined && !found.permissive && found.stamp === `${stampOf(wish)} ${found.digest}`;

const makePolicy = (wish: PolicyWish): readonly string[] => {
  const table = `${escapeIdentifier(wish.schema)}.${escapeIdentifier(wish.table)}`;
  const name = escapeIdentifier(wish.name);
  return [
    `DROP POLICY IF EXISTS ${name} ON ${table}`,
    `CREATE POLICY ${name} ON ${table} AS RESTRICTIVE ${wish.clauses}`,
    `DO $cloister$ BEGIN EXECUTE pg_catalog.format('COMMENT ON POLICY %I ON %I.%I IS %L', ${[wish.name, wish.schema, wish.table].map(escapeLiteral).join(', ')},
  '${stampOf(wish)} ' || (SELECT ${policyDigestSql} FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE p.polname = ${escapeLiteral(wish.name)} AND n.nspname = ${escapeLiteral(wish.schema)} AND c.relname = ${escapeLiteral(wish.table)})); END $cloister$`,
  ];
};

const planTable = (
  relation: RelationFacts,
  wishes: readonly PolicyWish[],
  prefix: string,
  ruledByOthers: ReadonlySet<string>,
): readonly string[] => {
  const table = `${escapeIdentifier(relation.schema)}.${escapeIdentifier(relation.name)}`;
  const found = new Map(relation.policies.map((policy) => [policy.name, policy]));
  const wanted = new Set(wishes.map(({ name }) => name));
  const gone = relation.policies.filter(({ name }) => name.startsWith(prefix) && !wanted.has(name));
  const others = relation.policies.filter(({ name }) => !gone.some((policy) => policy.name === name) && name !== openPolicy);
  const dropped = gone.map(({ name }) => `DROP POLICY IF EXISTS ${escapeIdentifier(name)} ON ${table}`);
  if (wishes.length > 0) {
    return [
      ...dropped,
      ...wishes.flatMap((wish) => (isRight(wish, found.get(wish.name)) ? [] : makePolicy(wish))),
      // In this order, so that nobody else meets a table that is closed.
      ...(relation.rowSecurity || found.has(openPolicy)
        ? []
        : [
            `DROP POLICY IF EXISTS ${openPolicy} ON ${table}`,
            `CREATE POLICY ${openPolicy} ON ${table} AS PERMISSIVE FOR ALL TO PUBLIC USING (true) WITH CHECK (true)`,
          ]),
      ...(relation.rowSecurity ? [] : [`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`]),
    ];
  }
  // What was switched on for our sake is switched off with our last policy; where somebody else's policies came to stand there, it stays.
  const isOver =
    gone.length > 0 && !ruledByOthers.has(tableKey(relation.schema, relation.name)) && others.length === 0 && found.has(openPolicy);
  return [
    ...dropped,
    ...(isOver ? [`ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`, `DROP POLICY IF EXISTS ${openPolicy} ON ${table}`] : []),
  ];
};

/** `relations`: those of the grant, and those where this role has policies still. */
export const planPolicies = (
  identity: RoleIdentity,
  grant: ResolvedGrant,
  relations: readonly RelationFacts[],
  ruledByOthers: ReadonlySet<string> = new Set(),
): readonly string[] => {
  const wishes = wantedPolicies(identity, grant, relations);
  return relations.flatMap((relation) =>
    planTable(
      relation,
      wishes.filter((wish) => wish.schema === relation.schema && wish.table === relation.name),
      policyPrefix(identity),
      ruledByOthers,
    ),
  );
};
