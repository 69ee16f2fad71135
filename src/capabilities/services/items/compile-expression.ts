// Expressions as SQL. Must never raise an error that depends on a row: what a value cannot give is NULL.
import type { DatePart, Expression } from './expression.ts';
import { around, arrayText, type Fragment, sql } from './fragment.ts';
import type { Field, Model } from './model.ts';

const sqlPart: Readonly<Record<DatePart, string>> = {
  year: 'year',
  month: 'month',
  week: 'week',
  day: 'day',
  weekday: 'dow',
  hour: 'hour',
  minute: 'minute',
  second: 'second',
};

export const columnOf = (alias: string, name: string): Fragment => sql('??.??', alias, name);

const partOf = (part: DatePart, alias: string, field: Field): Fragment => {
  const column = columnOf(alias, field.name);
  // Moments are taken apart in UTC, whatever the session's zone is.
  const value = field.kind === 'timestamp' ? around("($$ at time zone 'UTC')", column) : column;
  return around(`floor(extract(${sqlPart[part]} from $$))::int`, value);
};

/** `nextAlias` names what a sub-query reads. */
export const compileExpression = (expression: Expression, alias: string, model: Model, nextAlias: () => string): Fragment => {
  switch (expression.kind) {
    case 'column':
      return columnOf(alias, expression.field.name);
    case 'part':
      return partOf(expression.part, alias, expression.field);
    case 'length': {
      const list = around('$$::jsonb', columnOf(alias, expression.field.name));
      return around("case when jsonb_typeof($$) = 'array' then jsonb_array_length($$) end", list, list);
    }
    case 'count': {
      const { relation } = expression;
      const { schema, table } = model.collection(relation.related);
      const inner = nextAlias();
      return sql(
        '(select count(*) from ??.?? as ?? where ??.?? = ??.??)',
        schema,
        table,
        inner,
        inner,
        relation.relatedColumn,
        alias,
        relation.column,
      );
    }
    case 'json':
      return around('($$::jsonb #> $$)', columnOf(alias, expression.field.name), sql('?::text[]', arrayText(expression.path)));
    default: {
      const missing: never = expression;
      return missing;
    }
  }
};
