// Takes a payload apart: what goes into the row, and what is written to related items before and after it. Must never let a field through that may not be written.
import type { Binding } from '../built-in.ts';
import { encodeValue } from './encode.ts';
import { forbiddenField, invalidPayload } from './errors.ts';
import type { Collection, ToMany, ToOne } from './model.ts';
import { isObject } from './parse-filter.ts';

export interface OnePart {
  readonly relation: ToOne;
  readonly item: Readonly<Record<string, unknown>>;
}

export interface ManyPart {
  readonly relation: ToMany;
  readonly value: unknown;
}

export interface Payload {
  readonly values: ReadonlyMap<string, Binding>;
  readonly one: readonly OnePart[];
  readonly many: readonly ManyPart[];
}

export const parseItem = (value: unknown): Readonly<Record<string, unknown>> => {
  if (!isObject(value)) throw invalidPayload('An item has to be an object');
  return value;
};

export const parsePayload = (item: Readonly<Record<string, unknown>>, collection: Collection, operation: 'create' | 'update'): Payload => {
  const values = new Map<string, Binding>();
  const one: OnePart[] = [];
  const many: ManyPart[] = [];
  for (const [name, value] of Object.entries(item)) {
    if (value === undefined) continue;
    const toMany = collection.toMany.get(name);
    if (toMany !== undefined) {
      many.push({ relation: toMany, value });
      continue;
    }
    const field = collection.fields.get(name);
    if (field?.may.has(operation) !== true) throw forbiddenField(name, collection.name);
    if (field.generated) throw invalidPayload(`The database computes "${name}" itself`);
    const toOne = collection.toOne.get(name);
    if (toOne !== undefined && isObject(value)) one.push({ relation: toOne, item: value });
    else values.set(name, encodeValue(value, field));
  }
  return { values, one, many };
};

/** What a relation to many is set to: all there are from now on, or changes to what there is. */
export type ManyChange =
  | { readonly kind: 'all'; readonly items: readonly unknown[] }
  | {
      readonly kind: 'changes';
      readonly create: readonly unknown[];
      readonly update: readonly unknown[];
      readonly remove: readonly unknown[];
    };

const listOf = (value: unknown, name: string): readonly unknown[] => {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalidPayload(`"${name}" of a relation to many has to be an array`);
  return value;
};

export const parseManyChange = (value: unknown, name: string): ManyChange => {
  if (value === null) return { kind: 'all', items: [] };
  if (Array.isArray(value)) return { kind: 'all', items: value };
  if (!isObject(value)) throw invalidPayload(`"${name}" has to be an array, or an object of "create", "update" and "delete"`);
  const strange = Object.keys(value).find((key) => !['create', 'update', 'delete'].includes(key));
  if (strange !== undefined) throw invalidPayload(`"${name}" has to be an array, or an object of "create", "update" and "delete"`);
  return {
    kind: 'changes',
    create: listOf(value['create'], 'create'),
    update: listOf(value['update'], 'update'),
    remove: listOf(value['delete'], 'delete'),
  };
};
