// The collections, fields and relations a query can speak of, made from what the database capability describes. Pure; must never hold more than that description.
import type { DescribedKey, DescribedTable, Description } from '../built-in.ts';
import { forbiddenCollection } from './errors.ts';

/** What may be compared and computed with a value. */
export type Kind =
  | 'text'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'uuid'
  | 'date'
  | 'dateTime'
  | 'timestamp'
  | 'time'
  | 'json'
  | 'binary'
  | 'other';

export interface Field {
  readonly name: string;
  readonly kind: Kind;
  /** Its type is text to PostgreSQL too: an enum is text to us alone. */
  readonly isText: boolean;
  /** The largest integer its type holds; null: it is no integer. */
  readonly most: bigint | null;
  readonly generated: boolean;
  readonly default: string | number | boolean | null;
  readonly may: ReadonlySet<string>;
}

/** This collection's `column` holds the `relatedColumn` of one item of `related`. */
export interface ToOne {
  readonly kind: 'one';
  readonly name: string;
  readonly column: string;
  readonly related: string;
  readonly relatedColumn: string;
}

/** Items of `related` hold this collection's `column` in their `relatedColumn`. */
export interface ToMany {
  readonly kind: 'many';
  readonly name: string;
  readonly column: string;
  readonly related: string;
  readonly relatedColumn: string;
  readonly deselect: 'delete' | 'nullify';
}

export interface Collection {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly primary: Field;
  readonly fields: ReadonlyMap<string, Field>;
  readonly toOne: ReadonlyMap<string, ToOne>;
  readonly toMany: ReadonlyMap<string, ToMany>;
  readonly constraints: readonly { readonly name: string; readonly field: string }[];
}

export class Model {
  readonly #collections: ReadonlyMap<string, Collection>;
  constructor(collections: ReadonlyMap<string, Collection>) {
    this.#collections = collections;
  }

  /** One that is not there and one that is not granted are refused alike. */
  collection(name: string): Collection {
    const found = this.#collections.get(name);
    if (found === undefined) throw forbiddenCollection(name);
    return found;
  }
}

const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['string', 'text'],
  ['text', 'text'],
  ['integer', 'integer'],
  ['bigInteger', 'integer'],
  ['float', 'number'],
  ['decimal', 'number'],
  ['boolean', 'boolean'],
  ['uuid', 'uuid'],
  ['date', 'date'],
  ['dateTime', 'dateTime'],
  ['timestamp', 'timestamp'],
  ['time', 'time'],
  ['json', 'json'],
  ['binary', 'binary'],
]);

/** Names that Knex takes apart, and those that a query spells something else with. */
const plainName = /^[^".?\\*():$\u0000-\u001f]{1,63}$/;
export const isPlainName = (name: string): boolean =>
  plainName.test(name) && name !== '__proto__' && !/\sas\s/i.test(name) && name.trim() === name;

const largest: ReadonlyMap<string, bigint> = new Map([
  ['smallint', 32_767n],
  ['integer', 2_147_483_647n],
  ['bigint', 9_223_372_036_854_775_807n],
]);

const textType = /^(?:text|character varying|character)(?:\(\d+\))?$/;

const fieldOf = ({ name, type, dbType, generated, default: value, may }: DescribedTable['columns'][number]): Field => ({
  name,
  kind: kinds.get(type) ?? 'other',
  isText: textType.test(dbType),
  most: largest.get(dbType) ?? null,
  generated,
  default: value,
  may: new Set(may),
});

const collectionOf = (table: DescribedTable, keys: readonly DescribedKey[]): Collection | undefined => {
  if (!isPlainName(table.table) || !isPlainName(table.schema)) return undefined;
  const fields = new Map(table.columns.filter(({ name }) => isPlainName(name)).map((column) => [column.name, fieldOf(column)]));
  const primary = fields.get(table.primary ?? '');
  // Without a key of one column there is no item.
  if (primary === undefined) return undefined;
  const toOne = keys
    .filter(({ collection, column }) => collection === table.collection && fields.has(column))
    .map(({ column, related, relatedColumn }): ToOne => ({ kind: 'one', name: column, column, related, relatedColumn }));
  const toMany = keys
    .filter(({ related, oneField }) => related === table.collection && oneField !== null && isPlainName(oneField))
    .map(
      ({ collection, column, relatedColumn, onDelete, oneField }): ToMany => ({
        kind: 'many',
        name: oneField ?? '',
        column: relatedColumn,
        related: collection,
        relatedColumn: column,
        deselect: onDelete === 'c' ? 'delete' : 'nullify',
      }),
    );
  return {
    name: table.collection,
    schema: table.schema,
    table: table.table,
    primary,
    fields,
    toOne: new Map(toOne.map((relation) => [relation.name, relation])),
    toMany: new Map(toMany.filter(({ name }) => !fields.has(name)).map((relation) => [relation.name, relation])),
    constraints: keys.filter(({ collection }) => collection === table.collection).map(({ name, column }) => ({ name, field: column })),
  };
};

export const makeModel = ({ tables, foreignKeys }: Description): Model => {
  const known = new Set(tables.filter(({ primary }) => primary !== null).map(({ collection }) => collection));
  const keys = foreignKeys.filter(({ collection, related }) => known.has(collection) && known.has(related));
  const collections = tables.map((table) => collectionOf(table, keys)).filter((one) => one !== undefined);
  const names = new Map(collections.map((one) => [one.name, one]));
  return new Model(names);
};
