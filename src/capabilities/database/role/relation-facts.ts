// What the server holds about the tables and views of a wish, read by the admin connection. Must never change anything.
import type { Client } from 'pg';
import type { ColumnFacts } from './rule-sql.ts';

export interface PolicyFacts {
  readonly name: string;
  readonly permissive: boolean;
  /** Whom it is for; `public` stands for everybody. */
  readonly roles: readonly string[];
  /** What is written down with it. */
  readonly stamp: string | null;
  /** Over what the server made of its conditions. */
  readonly digest: string;
}

export interface RelationFacts {
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind; undefined: there is no such relation. */
  readonly kind: string | undefined;
  readonly owner: string;
  /** Sequences its columns' defaults draw from. */
  readonly sequences: readonly { readonly schema: string; readonly name: string }[];
  readonly columns: readonly ColumnFacts[];
  readonly rowSecurity: boolean;
  readonly policies: readonly PolicyFacts[];
}

/** Over the conditions as the server keeps them. Names in them are written out in full when search_path is pg_catalog. */
export const policyDigestSql = `pg_catalog.md5(coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid), '-') || ' / ' || coalesce(pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), '-'))`;

const policiesSql = `coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('name', p.polname, 'permissive', p.polpermissive,
    'roles', array(select coalesce(r.rolname::text, 'public') from pg_catalog.unnest(p.polroles) o left join pg_catalog.pg_roles r on r.oid = o),
    'stamp', pg_catalog.obj_description(p.oid, 'pg_policy'), 'digest', ${policyDigestSql}) order by p.polname)
  from pg_catalog.pg_policy p where p.polrelid = c.oid), '[]')`;

/** The base of a domain: a cast to the domain itself would try its checks on the caller's value. */
const columnsSql = `coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('name', a.attname, 'typeSchema', bn.nspname, 'typeName', b.typname,
    'isText', b.typcategory in ('S', 'Z')) order by a.attnum)
  from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
    join pg_catalog.pg_type b on b.oid = case when t.typtype = 'd' then
      (with recursive base(oid, typtype, next) as (select t.oid, t.typtype, t.typbasetype
         union all select d.oid, d.typtype, d.typbasetype from base join pg_catalog.pg_type d on d.oid = base.next where base.typtype = 'd')
       select base.oid from base where base.typtype <> 'd') else t.oid end
    join pg_catalog.pg_namespace bn on bn.oid = b.typnamespace
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]')`;

const relationSql = `select w."schema", w."name", c.relkind::text kind, coalesce(pg_catalog.pg_get_userbyid(c.relowner), '') "owner", coalesce(c.relrowsecurity, false) "rowSecurity",
  coalesce((select pg_catalog.json_agg(distinct pg_catalog.jsonb_build_object('schema', sn.nspname, 'name', s.relname))
    from pg_catalog.pg_attrdef f
    join pg_catalog.pg_depend x on x.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and x.objid = f.oid
      and x.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    join pg_catalog.pg_class s on s.oid = x.refobjid and s.relkind = 'S' join pg_catalog.pg_namespace sn on sn.oid = s.relnamespace
    where f.adrelid = c.oid), '[]') sequences,
  ${columnsSql} "columns", ${policiesSql} "policies"
from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) w("schema", "name")
left join pg_catalog.pg_namespace n on n.nspname = w."schema"
left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w."name"`;

const withPolicyOfSql = `select distinct n.nspname "schema", c.relname "name"
from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where p.polname like $1`;

type Named = Pick<RelationFacts, 'schema' | 'name'>;

export const readRelations = async (client: Client, wished: readonly Named[]): Promise<readonly RelationFacts[]> => {
  const found = await client.query<Omit<RelationFacts, 'kind'> & { readonly kind: string | null }>(relationSql, [
    wished.map((table) => table.schema),
    wished.map((table) => table.name),
  ]);
  return found.rows.map((row) => ({ ...row, kind: row.kind ?? undefined }));
};

/** Tables with a policy whose name begins like this, granted or not: what a narrower grant left out is among them. */
export const findTablesWithPolicy = async (client: Client, prefix: string): Promise<readonly Named[]> =>
  (await client.query<Named>(withPolicyOfSql, [`${prefix.replaceAll(/[\\%_]/g, '\\$&')}%`])).rows;
