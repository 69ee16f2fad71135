// Conditions as SQL: tests, joins to one, EXISTS over many. Must never put a value or a guest's name into the text.
import { itemsBounds } from './bounds.ts';
import { columnOf, compileExpression } from './compile-expression.ts';
import type { Condition, JsonTest, Pattern, Test } from './condition.ts';
import { invalidQuery } from './errors.ts';
import type { Expression } from './expression.ts';
import { around, arrayText, type Fragment, join, sql } from './fragment.ts';
import type { Model, ToMany, ToOne } from './model.ts';

const operators = { _eq: '=', _neq: '<>', _lt: '<', _lte: '<=', _gt: '>', _gte: '>=' } as const;

const likeText = (value: string, { where }: Pattern): string => {
  const escaped = value.replaceAll(/[\\%_]/g, '\\$&');
  return `${where === 'start' ? '' : '%'}${escaped}${where === 'end' ? '' : '%'}`;
};

const likeTest = (value: Fragment, pattern: Pattern, text: string): Fragment => {
  const not = pattern.not ? 'not ' : '';
  const given = sql('?::text', likeText(text, pattern));
  return pattern.anyCase ? around(`lower($$) ${not}like lower($$)`, value, given) : around(`$$ ${not}like $$`, value, given);
};

const emptyTest = (value: Fragment, not: boolean, isText: boolean): Fragment => {
  if (!isText) return around(not ? '$$ is not null' : '$$ is null', value);
  return not ? around("($$ is not null and $$ <> '')", value, value) : around("($$ is null or $$ = '')", value, value);
};

/** `given`: how a value of the test stands in the statement. */
const compileTest = (value: Fragment, test: Test, isText: boolean, given: (text: string) => Fragment, list: Fragment | null): Fragment => {
  switch (test.kind) {
    case 'compare':
      return around(`$$ ${operators[test.operator]} $$`, value, given(test.value));
    case 'null':
      return around(test.not ? '$$ is not null' : '$$ is null', value);
    case 'empty':
      return emptyTest(value, test.not, isText);
    case 'list':
      return around(test.not ? '$$ <> all($$)' : '$$ = any($$)', value, list ?? sql('?', arrayText(test.values)));
    case 'between':
      return around(`$$ ${test.not ? 'not ' : ''}between $$ and $$`, value, given(test.low), given(test.high));
    case 'like':
      return likeTest(value, test.pattern, test.value);
    default: {
      const missing: never = test;
      return missing;
    }
  }
};

const emptyJson = `('null', '""', '[]', '{}')`;

const compileJson = ({ field, path }: Expression & { readonly kind: 'json' }, { type, test }: JsonTest, alias: string): Fragment => {
  const steps = sql('?::text[]', arrayText(path));
  const value = around('($$::jsonb #> $$)', columnOf(alias, field.name), steps);
  if (test.kind === 'null') return around(test.not ? "($$ <> 'null')" : "($$ is null or $$ = 'null')", value, value);
  if (test.kind === 'empty')
    return test.not ? around(`($$ not in ${emptyJson})`, value) : around(`($$ is null or $$ in ${emptyJson})`, value, value);
  const json = (text: string): string => (type === 'string' ? JSON.stringify(text) : text);
  const list = test.kind === 'list' ? sql('?::jsonb[]', arrayText(test.values.map(json))) : null;
  const plain = around('($$::jsonb #>> $$)', columnOf(alias, field.name), steps);
  const compared = compileTest(test.kind === 'like' ? plain : value, test, true, (text) => sql('?::jsonb', json(text)), list);
  return around(`(jsonb_typeof($$) = '${type}' and $$)`, value, compared);
};

/** One SELECT: what its table is called, and what is joined to it. */
export class Scope {
  readonly alias: string;
  readonly joins: Fragment[] = [];
  readonly #joined = new Map<string, string>();
  readonly #compiler: Compiler;
  constructor(compiler: Compiler, alias: string) {
    this.#compiler = compiler;
    this.alias = alias;
  }

  /** The alias of the one related item: joined once, whoever asks. */
  through(from: string, relation: ToOne): string {
    const key = `${from}.${relation.name}`;
    const known = this.#joined.get(key);
    if (known !== undefined) return known;
    if (this.#joined.size >= itemsBounds.joins.value) throw invalidQuery('The query goes through too many relations');
    const alias = this.#compiler.nextAlias();
    const { schema, table } = this.#compiler.model.collection(relation.related);
    this.#joined.set(key, alias);
    this.joins.push(
      sql('left join ??.?? as ?? on ??.?? = ??.??', schema, table, alias, alias, relation.relatedColumn, from, relation.column),
    );
    return alias;
  }
}

export class Compiler {
  readonly model: Model;
  #aliases = 0;
  constructor(model: Model) {
    this.model = model;
  }

  readonly nextAlias = (): string => {
    this.#aliases += 1;
    return `t${String(this.#aliases)}`;
  };

  openScope(): Scope {
    return new Scope(this, this.nextAlias());
  }

  expression(expression: Expression, alias: string): Fragment {
    return compileExpression(expression, alias, this.model, this.nextAlias);
  }

  /** null: it holds for every row. `alias`: the item it is about, of this scope. */
  condition(condition: Condition, scope: Scope, alias: string): Fragment | null {
    switch (condition.kind) {
      case 'all':
      case 'any':
        return this.#connect(condition, scope, alias);
      case 'test': {
        const { expression, test } = condition;
        const isText = expression.kind === 'column' && expression.field.kind === 'text';
        const value = this.expression(expression, alias);
        const compared = isText && !expression.field.isText ? around('$$::text', value) : value;
        return compileTest(compared, test, isText, (text) => sql('?', text), null);
      }
      case 'json':
        return compileJson(condition.expression, condition.json, alias);
      case 'one':
        return this.condition(condition.condition, scope, scope.through(alias, condition.relation));
      case 'many':
        return this.#exists(condition.relation, condition.none, condition.condition, alias);
      default: {
        const missing: never = condition;
        return missing;
      }
    }
  }

  #connect({ kind, parts }: Condition & { readonly kind: 'all' | 'any' }, scope: Scope, alias: string): Fragment | null {
    const compiled = parts.map((part) => this.condition(part, scope, alias));
    if (kind === 'all') {
      const telling = compiled.filter((part) => part !== null);
      return telling.length === 0 ? null : around('($$)', join(telling, ' and '));
    }
    const some = compiled.filter((part) => part !== null);
    if (some.length < compiled.length) return null;
    return some.length === 0 ? sql('false') : around('($$)', join(some, ' or '));
  }

  #exists(relation: ToMany, none: boolean, condition: Condition, alias: string): Fragment {
    const { schema, table } = this.model.collection(relation.related);
    const inner = this.openScope();
    const filter = this.condition(condition, inner, inner.alias);
    const parts = [sql('??.?? = ??.??', inner.alias, relation.relatedColumn, alias, relation.column), ...(filter === null ? [] : [filter])];
    const head = sql('select 1 from ??.?? as ??', schema, table, inner.alias);
    const select = join([head, ...inner.joins, around('where $$', join(parts, ' and '))], ' ');
    return around(none ? 'not exists ($$)' : 'exists ($$)', select);
  }
}
