// Statements by chance from a grammar: granted and ungranted tables, columns and functions, in every place that SQL has for one. Must never know what the wall thinks of them.

const tables = [
  'articles',
  'comments',
  'profiles',
  'inbox',
  'sales.orders',
  'secrets',
  'closed.things',
  'sales.invoices',
  'all_articles',
  'secret_view',
  'secret_copy',
  'public.secrets',
  'pg_catalog.pg_class',
  'pg_stats',
  'information_schema.tables',
  'pg_authid',
];
const granted = ['articles', 'articles', 'articles', 'comments', 'profiles', 'sales.orders', 'inbox'];
const columns = [
  'id',
  'title',
  'body',
  'views',
  'tenant_id',
  'owner',
  'status',
  'secret_note',
  'secret_score',
  'name',
  'password',
  'pin',
  'text',
  'verdict',
  'value',
  'note',
  'total',
  'article_id',
  'ctid',
  'tableoid',
  'xmin',
  '*',
];
const aliases = ['a', 'b', 'c', 'articles', 'secrets', 'profiles', 'pg_class', '"A"', 'value'];
const functions = [
  'lower',
  'upper',
  'length',
  'coalesce',
  'count',
  'max',
  'min',
  'sum',
  'string_agg',
  'array_agg',
  'json_agg',
  'jsonb_agg',
  'row_to_json',
  'to_jsonb',
  'json_build_object',
  'concat',
  'md5',
  'definer_secret',
  'computed',
  'run_text',
  'tell',
  'pg_temp_like',
  'current_setting',
  'set_config',
  'pg_read_file',
  'pg_sleep',
  'query_to_xml',
  'table_to_xml',
  'lo_import',
  'dblink',
  'generate_series',
  'unnest',
  'format',
  'nextval',
  'pg_backend_pid',
  'has_table_privilege',
  'row_number',
  'first_value',
  'quote_literal',
];
const literals = [
  "'x'",
  '1',
  '0',
  'null',
  'true',
  "'{}'",
  "'secrets'",
  "'t2'",
  "'u1'",
  "'select value from secrets'",
  '$$x$$',
  "'canary' || ''".replace('canary', 'c'),
  'current_user',
  "'1'::int",
  "'secrets'::regclass",
  'array[1, 2]',
  "interval '1 day'",
  '\'{"a":1}\'::jsonb',
];

export const makeStatements = (random: () => number): (() => string) => {
  const below = (bound: number): number => Math.floor(random() * bound);
  const pick = <Item>(list: readonly Item[]): Item => list[below(list.length)] as Item;
  const chance = (part: number): boolean => random() < part;
  const many = (most: number, make: () => string, separator = ', '): string =>
    Array.from({ length: 1 + below(most) }, make).join(separator);

  const table = (): string => (chance(0.7) ? pick(granted) : pick(tables));
  const column = (): string => (chance(0.35) ? `${pick(aliases)}.${pick(columns)}` : pick(columns));
  const simpleColumn = (): string => pick(columns.filter((one) => one !== '*'));

  const expression = (depth: number): string => {
    if (depth <= 0) return chance(0.6) ? column() : pick(literals);
    return pick([
      () => column(),
      () => pick(literals),
      () => `${pick(functions)}(${chance(0.2) ? '' : many(2, () => expression(depth - 1))})`,
      () =>
        `(${expression(depth - 1)} ${pick(['=', '<>', '<', '||', '+', 'and', 'or', 'like', '~', '->>', 'is distinct from'])} ${expression(depth - 1)})`,
      () => `case when ${expression(depth - 1)} then ${expression(depth - 1)} else ${expression(depth - 1)} end`,
      () => `(${select(depth - 1)})`,
      () => `exists (${select(depth - 1)})`,
      () => `${expression(depth - 1)} in (${select(depth - 1)})`,
      () => `array(${select(depth - 1)})`,
      () => `cast(${expression(depth - 1)} as ${pick(['text', 'int', 'jsonb', 'regclass', 'articles', 'secrets', 'name'])})`,
      () => `${pick(functions)}(${expression(depth - 1)}) over (partition by ${expression(depth - 1)} order by ${expression(depth - 1)})`,
      () => `row(${many(2, () => expression(depth - 1))})`,
      () => `(${pick(aliases)}).${simpleColumn()}`,
      () => `${pick(functions)}(${pick(aliases)})`,
      () => `count(*) filter (where ${expression(depth - 1)})`,
    ])();
  };

  const source = (depth: number): string => {
    const alias = chance(0.6) ? ` ${chance(0.5) ? 'as ' : ''}${pick(aliases)}` : '';
    if (depth <= 0 || chance(0.6)) return `${chance(0.1) ? 'only ' : ''}${table()}${alias}`;
    return pick([
      () => `(${select(depth - 1)}) ${pick(aliases)}`,
      () => `lateral (${select(depth - 1)}) ${pick(aliases)}`,
      () => `${source(depth - 1)} ${pick(['join', 'left join', 'full join'])} ${source(depth - 1)} on ${expression(depth - 1)}`,
      () => `${source(depth - 1)} natural join ${source(depth - 1)}`,
      () => `${source(depth - 1)} join ${source(depth - 1)} using (${simpleColumn()})`,
      () => `${pick(functions)}(${expression(depth - 1)}) ${pick(aliases)}`,
      () => `(values (${many(2, () => expression(depth - 1))})) ${pick(aliases)}`,
      () => `rows from (${pick(functions)}(${expression(depth - 1)})) ${pick(aliases)}`,
    ])();
  };

  const output = (depth: number): string => `${expression(depth)}${chance(0.3) ? ` as ${pick([...aliases, 'then', '"__proto__"'])}` : ''}`;

  const select = (depth: number): string => {
    if (depth > 0 && chance(0.15))
      return `${select(depth - 1)} ${pick(['union', 'union all', 'except', 'intersect'])} ${select(depth - 1)}`;
    if (chance(0.05)) return `table ${table()}`;
    const parts = [`select ${chance(0.1) ? 'distinct ' : ''}${many(3, () => output(depth))}`];
    if (chance(0.9)) parts.push(`from ${many(2, () => source(depth))}`);
    if (chance(0.5)) parts.push(`where ${expression(depth)}`);
    if (chance(0.1)) parts.push(`group by ${many(2, () => expression(depth - 1))}`);
    if (chance(0.05)) parts.push(`having ${expression(depth - 1)}`);
    if (chance(0.2)) parts.push(`order by ${many(2, () => expression(depth - 1))}`);
    if (chance(0.1)) parts.push(`limit ${pick(['1', '10', `(${select(depth - 2)})`])}`);
    if (chance(0.05)) parts.push(pick(['for update', 'for share of a', 'for key share']));
    return parts.join(' ');
  };

  const returning = (depth: number): string => (chance(0.5) ? ` returning ${many(2, () => output(depth))}` : '');
  const change = (depth: number): string =>
    pick([
      () =>
        `insert into ${table()}${chance(0.8) ? ` (${many(3, simpleColumn)})` : ''} ${chance(0.5) ? `values (${many(3, () => expression(depth))})` : select(depth)}${chance(0.3) ? ` on conflict ${chance(0.5) ? `(${simpleColumn()}) ` : ''}do ${chance(0.4) ? 'nothing' : `update set ${simpleColumn()} = ${pick(['excluded.', ''])}${simpleColumn()}`}` : ''}${returning(depth)}`,
      () =>
        `update ${table()}${chance(0.4) ? ` ${pick(aliases)}` : ''} set ${many(2, () => `${simpleColumn()} = ${expression(depth)}`)}${chance(0.3) ? ` from ${source(depth)}` : ''}${chance(0.7) ? ` where ${expression(depth)}` : ''}${returning(depth)}`,
      () =>
        `delete from ${table()}${chance(0.3) ? ` using ${source(depth)}` : ''}${chance(0.7) ? ` where ${expression(depth)}` : ''}${returning(depth)}`,
    ])();

  const others = [
    'truncate articles',
    'drop table articles',
    'copy secrets to stdout',
    'set role postgres',
    'do $$ begin end $$',
    'create table t as select * from secrets',
    'explain select * from secrets',
    'prepare p as select * from secrets',
    'lock table articles',
    'call run_text()',
    'merge into articles using secrets on true when matched then do nothing',
    'declare c cursor for select * from secrets',
    'select * into t from secrets',
  ];

  // Statements that are right but for one or two places: most of them reach the server.
  let wildness = 0;
  const leaf = (tame: string, wild: () => string): string => (chance(wildness) ? wild() : tame);
  const text = (depth: number): string => {
    if (depth <= 0) return leaf(pick(['a.title', 'a.body', 'a.owner', 'a.status', 'a.tenant_id', 'a.id::text', "'x'", "'t2'"]), column);
    return pick([
      () => text(0),
      () => `${leaf(pick(['lower', 'upper', 'md5', 'concat', 'coalesce']), () => pick(functions))}(${text(depth - 1)})`,
      () => `(${text(depth - 1)} || ${text(depth - 1)})`,
      () => `case when ${truth(depth - 1)} then ${text(depth - 1)} else ${text(depth - 1)} end`,
      () => `(select ${leaf('max', () => pick(functions))}(${text(depth - 1)}) ${from(depth - 1)})`,
      () => `(select ${text(depth - 1)} ${from(depth - 1)} limit 1)`,
      () => leaf('a::text', () => `${pick(aliases)}::text`),
      () => leaf('to_jsonb(a)::text', () => `${pick(functions)}(a)::text`),
      () => `(${leaf('a', () => pick(aliases))}).title`,
    ])();
  };
  const truth = (depth: number): string =>
    pick([
      () => `${text(depth - 1)} ${pick(['=', '<>', '<', 'like', 'is distinct from'])} ${text(depth - 1)}`,
      () => `exists (select ${text(depth - 1)} ${from(depth - 1)})`,
      () => `${text(depth - 1)} in (select ${text(depth - 1)} ${from(depth - 1)})`,
      () => `(${truth(depth - 1)} or ${truth(depth - 1)})`,
      () => leaf('true', () => expression(1)),
    ])();
  const from = (depth: number): string => {
    const base = leaf(`${pick(['articles', 'public.articles', '"articles"'])} a`, () => source(1));
    const more =
      depth <= 0
        ? ''
        : pick([
            '',
            '',
            ` left join ${leaf('comments', table)} b on b.id = a.id`,
            `, lateral (select ${text(depth - 1)} x) y`,
            ` cross join ${leaf('profiles', table)} p`,
            ' join (select * from articles) z using (id)',
          ]);
    return `from ${base}${more}${chance(0.5) ? ` where ${truth(depth - 1)}` : ''}`;
  };
  const nearlyRight = (): string => {
    wildness = pick([0, 0.04, 0.04, 0.15]);
    const depth = 1 + below(3);
    const back = (): string => (chance(0.6) ? ` returning ${leaf(pick(['id', '*', 'title', 'a.owner']), () => output(1))}` : '');
    const read = (): string => `select ${many(3, () => leaf(text(depth), () => output(1)))} ${from(depth)}`;
    return pick([
      read,
      read,
      () => `${read()} ${pick(['union', 'union all', 'except'])} ${read()}`,
      () => `with ${leaf('x', () => pick(aliases))} as (${read()}) select ${leaf('x', () => pick(aliases))}.* from ${leaf('x', table)}`,
      () => `select ${leaf('*', () => output(1))} from ${leaf(pick(granted), table)}${chance(0.3) ? ' a(k, l, m)' : ''}`,
      () => `update articles a set ${leaf(pick(['title', 'body']), simpleColumn)} = ${text(depth)} where ${truth(depth)}${back()}`,
      () => `delete from ${leaf('articles', table)} a where ${truth(depth)}${back()}`,
      () =>
        `insert into articles as a (${leaf('title', simpleColumn)}, body) select ${text(depth)}, ${text(depth)} ${from(depth)}${pick(['', ' on conflict do nothing', ` on conflict (${leaf('title', simpleColumn)}) do update set ${leaf('body', simpleColumn)} = ${leaf('excluded.body', () => `excluded.${simpleColumn()}`)}`])}${back()}`,
    ])();
  };

  return () => {
    if (chance(0.65)) return nearlyRight();
    const depth = 1 + below(3);
    const kind = random();
    if (kind < 0.02) return pick(others);
    if (kind < 0.04) return `${select(1)}; ${select(1)}`;
    const statement = kind < 0.75 ? select(depth) : change(depth);
    if (!chance(0.15)) return statement;
    const inner = chance(0.7) ? select(depth - 1) : change(depth - 1);
    return `with ${chance(0.2) ? 'recursive ' : ''}${pick([...aliases, 'articles', 'x'])} as (${inner}) ${statement}`;
  };
};
