// Which fields and relations a level answers: `fields`, `alias` and stars. Must never select a field that may not be read.
import { itemsBounds } from './bounds.ts';
import { forbidden, forbiddenField, invalidQuery } from './errors.ts';
import { readable, readableMany, readableOne, resolveExpression } from './expression.ts';
import { outputName, parseFieldName, splitPath } from './field-name.ts';
import type { Collection, Model, ToMany, ToOne } from './model.ts';
import { isObject } from './parse-filter.ts';
import type { Output } from './query.ts';

/** A relation that was named, with what is named below it. */
export interface Named {
  readonly key: string;
  readonly relation: ToOne | ToMany;
  readonly below: readonly string[];
  readonly keysOnly: boolean;
}

export interface Selection {
  readonly keys: readonly string[];
  readonly outputs: readonly Output[];
  readonly named: readonly Named[];
}

export type Aliases = ReadonlyMap<string, string>;

export const parseAliases = (value: unknown): Aliases => {
  if (value === null || value === undefined) return new Map();
  if (!isObject(value)) throw invalidQuery('"alias" has to be an object');
  return new Map(
    Object.entries(value).map(([alias, field]) => {
      if (typeof field !== 'string' || field === '' || field.includes('.')) throw invalidQuery('"alias" has to name fields without dots');
      if (alias === '' || alias === '*' || /[.()]/.test(alias)) throw invalidQuery('An alias cannot hold dots or brackets');
      return [alias, field];
    }),
  );
};

export class SelectBudget {
  #fields = 0;
  #relations = 0;
  takeFields(count: number): void {
    this.#fields += count;
    if (this.#fields > itemsBounds.fields.value)
      throw invalidQuery(`The query selects more than ${String(itemsBounds.fields.value)} fields`);
  }
  takeRelation(): void {
    this.#relations += 1;
    if (this.#relations > itemsBounds.relations.value)
      throw invalidQuery(`The query reads more than ${String(itemsBounds.relations.value)} relations`);
  }
}

/** What was asked for under each key, in order: nothing below it, or these. */
const gather = (fields: readonly string[], collection: Collection, model: Model): ReadonlyMap<string, readonly string[]> => {
  const asked = new Map<string, string[]>();
  const ask = (key: string, below: readonly string[]): void => {
    asked.set(key, [...(asked.get(key) ?? []), ...(below.length === 0 ? [] : [below.join('.')])]);
  };
  for (const field of fields) {
    const [first = '', ...below] = splitPath(field);
    if (first !== '*') {
      ask(first, below);
      continue;
    }
    for (const [name, { may }] of collection.fields)
      if (may.has('read')) ask(name, below.length > 0 && readableOne(collection, name, model) !== undefined ? below : []);
    if (below.length === 0) continue;
    for (const name of collection.toMany.keys()) if (readableMany(collection, name, model) !== undefined) ask(name, below);
  }
  return asked;
};

export const parseFields = (
  fields: readonly string[],
  collection: Collection,
  aliases: Aliases,
  model: Model,
  budget: SelectBudget,
): Selection => {
  const asked = gather(fields, collection, model);
  // A star of a collection that may only be written to.
  if (asked.size === 0) throw forbidden();
  budget.takeFields(asked.size);
  const outputs: Output[] = [];
  const named: Named[] = [];
  const keys: string[] = [];
  for (const [key, below] of asked) {
    const name = parseFieldName(aliases.get(key) ?? key);
    const many = name.call === null ? readableMany(collection, name.name, model) : undefined;
    const relation = many ?? (below.length === 0 || name.call !== null ? undefined : readableOne(collection, name.name, model));
    const output = aliases.has(key) ? key : outputName(name);
    keys.push(output);
    if (relation === undefined) {
      if (below.length > 0) throw forbiddenField(below[0] ?? '', collection.name);
      outputs.push({ key: output, expression: resolveExpression(collection, name, model) });
      continue;
    }
    budget.takeRelation();
    const keysOnly = below.length === 0;
    const related = model.collection(relation.related);
    named.push({ key: output, relation, below: keysOnly ? [readable(related, related.primary.name).name] : below, keysOnly });
  }
  return { keys: [...new Set(keys)], outputs, named };
};
