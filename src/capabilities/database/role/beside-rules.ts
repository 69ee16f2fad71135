// What would lead past row-level security beside a grant's row rules: other people's rights, kinships of tables. Reads only; must never mend what is the embedder's.
import type { Client } from 'pg';
import type { ResolvedGrant } from '../grant.ts';
import { operations, tableKey, tableLabel } from '../names.ts';
import type { RelationFacts } from './relation-facts.ts';
import { openPolicy, ruledTables } from './row-policies.ts';

export interface Hole {
  readonly cause: string;
  readonly remedy: string;
}

const isOwn = "n.nspname not in ('pg_catalog', 'information_schema', 'cloister') and n.nspname !~ '^pg_'";

/** Views with their owner's rights, and copies of rows, that draw on a ruled table and that the role reaches: through its grant or through PUBLIC. */
const viewsSql = `with recursive reads(view, source) as (
  select r.ev_class, d.refobjid from pg_catalog.pg_rewrite r join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
    and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid <> r.ev_class
  union select reads.view, d.refobjid from reads join pg_catalog.pg_rewrite r on r.ev_class = reads.source
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
      and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid <> r.ev_class)
select distinct n.nspname "schema", c.relname "name", c.relkind::text kind, sn.nspname "ruledSchema", s.relname "ruledName"
from reads join pg_catalog.pg_class c on c.oid = reads.view join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_class s on s.oid = reads.source join pg_catalog.pg_namespace sn on sn.oid = s.relnamespace
where c.relkind in ('v', 'm') and (sn.nspname, s.relname) in (select * from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) w(a, b))
  and not coalesce((select o.option_value::boolean from pg_catalog.pg_options_to_table(c.reloptions) o where o.option_name = 'security_invoker'), false)
  and ((n.nspname, c.relname) in (select * from rows from (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[])) w(a, b))
    or exists (select from pg_catalog.aclexplode(c.relacl) a where a.grantee = 0)
    or exists (select from pg_catalog.pg_attribute t, pg_catalog.aclexplode(t.attacl) a where t.attrelid = c.oid and a.grantee = 0))`;

/** What a trigger runs cannot be called. */
const definersSql = `select p.oid::pg_catalog.regprocedure::text signature, n.nspname "schema", p.proname "name"
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.prosecdef and ${isOwn} and p.prorettype not in ('pg_catalog.trigger'::pg_catalog.regtype, 'pg_catalog.event_trigger'::pg_catalog.regtype)
  and (n.nspname = any($1::text[]) or exists (select from pg_catalog.aclexplode(n.nspacl) a where a.grantee = 0 and a.privilege_type = 'USAGE'))
  and ((n.nspname, p.proname) in (select * from rows from (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) w(a, b))
    or exists (select from pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a where a.grantee = 0 and a.privilege_type = 'EXECUTE'))`;

/** Parents and children, at any distance: row security looks only at the table that is named. */
const kinSql = `with recursive kin(child, parent) as (select inhrelid, inhparent from pg_catalog.pg_inherits
  union select kin.child, i.inhparent from kin join pg_catalog.pg_inherits i on i.inhrelid = kin.parent)
select cn.nspname "childSchema", c.relname "childName", pn.nspname "parentSchema", p.relname "parentName"
from kin join pg_catalog.pg_class c on c.oid = kin.child join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace
  join pg_catalog.pg_class p on p.oid = kin.parent join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
where (cn.nspname, c.relname) in (select * from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) w(a, b))
  and (pn.nspname, p.relname) in (select * from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) w(a, b))`;

const rulesOf = (grant: ResolvedGrant, schema: string, name: string): string => {
  const table = grant.tables.get(tableKey(schema, name));
  return JSON.stringify(operations.map((operation) => table?.operations.get(operation)?.rows ?? null));
};

const ruledFacts = (grant: ResolvedGrant, relations: readonly RelationFacts[]): readonly RelationFacts[] => {
  const ruled = new Set(ruledTables(grant).map(({ schema, name }) => tableKey(schema, name)));
  return relations.filter(({ schema, name }) => ruled.has(tableKey(schema, name)));
};

const findUnruly = ({ schema, name, kind, rowSecurity, policies }: RelationFacts): readonly Hole[] => {
  const label = tableLabel(schema, name);
  if (kind !== 'r' && kind !== 'p')
    return [
      {
        cause: `${label} has row rules or forced values, and only a table can have them in the server`,
        remedy: 'grant a view WITH (security_invoker = true), with the rules on the tables it reads',
      },
    ];
  const dormant = rowSecurity ? undefined : policies.find((policy) => !policy.name.startsWith('cloister_'));
  return dormant === undefined
    ? []
    : [
        {
          cause: `row security is off on ${label} and has the policy ${dormant.name}, which would come to hold for everybody`,
          remedy: `ALTER TABLE ${label} ENABLE ROW LEVEL SECURITY, or drop that policy`,
        },
      ];
};

/** Why this grant's row rules would not hold in the server, if they would not. */
export const findHoles = async (client: Client, grant: ResolvedGrant, relations: readonly RelationFacts[]): Promise<readonly Hole[]> => {
  const ruled = ruledFacts(grant, relations);
  if (ruled.length === 0) return [];
  const granted = [...grant.tables.values()].filter((table) => table.operations.size > 0);
  const grantedNames = [granted.map(({ schema }) => schema), granted.map(({ name }) => name)];
  const views = await client.query<{
    readonly schema: string;
    readonly name: string;
    readonly kind: string;
    readonly ruledSchema: string;
    readonly ruledName: string;
  }>(viewsSql, [ruled.map(({ schema }) => schema), ruled.map(({ name }) => name), ...grantedNames]);
  const functions = [...grant.functions].map((label) => (label.includes('.') ? label : `public.${label}`)).map((label) => label.split('.'));
  const schemas = new Set([...granted.map(({ schema }) => schema), ...functions.map(([schema = '']) => schema)]);
  const definers = await client.query<{ readonly signature: string }>(definersSql, [
    [...schemas],
    functions.map(([schema = '']) => schema),
    functions.map(([, name = '']) => name),
  ]);
  const kin = await client.query<{
    readonly childSchema: string;
    readonly childName: string;
    readonly parentSchema: string;
    readonly parentName: string;
  }>(kinSql, grantedNames);
  return [
    ...ruled.flatMap(findUnruly),
    ...views.rows.map(({ schema, name, kind, ruledSchema, ruledName }) => ({
      cause: `${tableLabel(schema, name)} shows rows of ${tableLabel(ruledSchema, ruledName)} with its owner's rights, past that table's row rules`,
      remedy: kind === 'v' ? `ALTER VIEW ${schema}.${name} SET (security_invoker = true)` : 'take it out of the grant, or from PUBLIC',
    })),
    ...definers.rows.map(({ signature }) => ({
      cause: `the role may execute ${signature}, which runs with its owner's rights, past the row rules`,
      remedy: `ALTER FUNCTION ${signature} SECURITY INVOKER, or REVOKE EXECUTE ON FUNCTION ${signature} FROM PUBLIC and take it out of the grant`,
    })),
    ...kin.rows
      .filter((one) => rulesOf(grant, one.childSchema, one.childName) !== rulesOf(grant, one.parentSchema, one.parentName))
      .map((one) => ({
        cause: `${tableLabel(one.parentSchema, one.parentName)} holds the rows of ${tableLabel(one.childSchema, one.childName)}, and their row rules differ`,
        remedy: 'grant only one of them, or give both the same rules',
      })),
  ];
};

/** Where an owner's own row security leaves the extension with less than its grant; nobody's data is in danger. */
export const findClosed = (role: string, relations: readonly RelationFacts[]): readonly Hole[] =>
  relations
    .filter(({ rowSecurity }) => rowSecurity)
    .flatMap(({ schema, name, policies }) => {
      const label = tableLabel(schema, name);
      const open = policies.find((policy) => policy.name === openPolicy);
      const others = policies.filter((policy) => !policy.name.startsWith('cloister_') && policy.permissive);
      if (open !== undefined && others.length > 0)
        return [
          {
            cause: `${label} has permissive policies of its own beside ${openPolicy}, which lets everybody through`,
            remedy: `DROP POLICY ${openPolicy} ON ${label}`,
          },
        ];
      if (open !== undefined || others.some(({ roles }) => roles.includes('public') || roles.includes(role))) return [];
      return [
        {
          cause: `row security of ${label} has no permissive policy for ${role}, so the extension sees none of its rows`,
          remedy: `CREATE POLICY … ON ${label} FOR ALL TO ${role} USING (true)`,
        },
      ];
    });
