// What a query can compute of an item: a field, a part of a date, a count, a place in a JSON document. Must never name a field that may not be read.
import { itemsBounds } from './bounds.ts';
import { forbiddenField, invalidQuery } from './errors.ts';
import type { FieldName } from './field-name.ts';
import type { Collection, Field, Kind, Model, ToMany, ToOne } from './model.ts';

export type DatePart = 'year' | 'month' | 'week' | 'day' | 'weekday' | 'hour' | 'minute' | 'second';

export type Expression =
  | { readonly kind: 'column'; readonly field: Field }
  | { readonly kind: 'part'; readonly part: DatePart; readonly field: Field }
  /** Entries of a JSON list. */
  | { readonly kind: 'length'; readonly field: Field }
  | { readonly kind: 'count'; readonly relation: ToMany }
  | { readonly kind: 'json'; readonly field: Field; readonly path: readonly string[] };

const dayParts: readonly DatePart[] = ['year', 'month', 'week', 'day', 'weekday'];
const timeParts: readonly DatePart[] = ['hour', 'minute', 'second'];
const partsOf: ReadonlyMap<Kind, readonly DatePart[]> = new Map([
  ['date', dayParts],
  ['time', timeParts],
  ['dateTime', [...dayParts, ...timeParts]],
  ['timestamp', [...dayParts, ...timeParts]],
]);

/** Not there and not to be read: one answer. */
export const readable = (collection: Collection, name: string): Field => {
  const field = collection.fields.get(name);
  if (field?.may.has('read') !== true) throw forbiddenField(name, collection.name);
  return field;
};

/** A relation whose two ends may be read. */
export const readableOne = (collection: Collection, name: string, model: Model): ToOne | undefined => {
  const relation = collection.toOne.get(name);
  if (relation === undefined || collection.fields.get(relation.column)?.may.has('read') !== true) return undefined;
  return model.collection(relation.related).fields.get(relation.relatedColumn)?.may.has('read') === true ? relation : undefined;
};

export const readableMany = (collection: Collection, name: string, model: Model): ToMany | undefined => {
  const relation = collection.toMany.get(name);
  if (relation === undefined || collection.fields.get(relation.column)?.may.has('read') !== true) return undefined;
  return model.collection(relation.related).fields.get(relation.relatedColumn)?.may.has('read') === true ? relation : undefined;
};

/** `a.b[0].c`. */
export const parseJsonPath = (text: string): readonly string[] => {
  const path = text.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
  const fits = path.length <= itemsBounds.pathItems.value && path.every((part) => part !== '' && !/[[\]\u0000]/.test(part));
  if (!fits) throw invalidQuery('A path into a JSON document is not of the form "a.b[0]"');
  return path;
};

export const resolveExpression = (collection: Collection, { name, call, path }: FieldName, model: Model): Expression => {
  if (call === null) return { kind: 'column', field: readable(collection, name) };
  if (call === 'json') {
    const field = readable(collection, name);
    if (field.kind !== 'json' || path === null) throw invalidQuery('The function "json" takes a JSON field and a path');
    return { kind: 'json', field, path: parseJsonPath(path) };
  }
  if (path !== null) throw invalidQuery(`The function "${call}" takes one field`);
  const relation = call === 'count' ? readableMany(collection, name, model) : undefined;
  if (relation !== undefined) return { kind: 'count', relation };
  const field = readable(collection, name);
  if (call === 'count' && field.kind === 'json') return { kind: 'length', field };
  const part = partsOf.get(field.kind)?.find((one) => one === call);
  if (part === undefined) throw invalidQuery(`The function "${call}" cannot be used on this field`);
  return { kind: 'part', part, field };
};

/** What an expression's values are compared as. */
export const kindOf = (expression: Expression): Kind => {
  if (expression.kind === 'column') return expression.field.kind;
  return expression.kind === 'json' ? 'json' : 'integer';
};
