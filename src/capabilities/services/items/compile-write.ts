// INSERT, UPDATE and DELETE of one collection. Must never write to rows that no key names.
import type { Knex } from 'knex';
import type { Binding } from '../built-in.ts';
import type { Statement } from './compile-select.ts';
import { arrayText } from './fragment.ts';
import type { Collection } from './model.ts';

export type Values = ReadonlyMap<string, Binding>;

export class WriteCompiler {
  readonly #knex: Knex;
  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** Columns that a row does not name get their default. `returning` may be empty: reading is not granted. */
  insert(collection: Collection, rows: readonly Values[], returning: readonly string[]): Statement {
    const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))];
    const values = rows.map((row) => Object.fromEntries(columns.map((name) => [name, this.#value(row, name)])));
    // Without any column there is one row.
    const insert = columns.length === 0 ? this.#table(collection).insert({}) : this.#table(collection).insert(values);
    return this.#finish(returning.length === 0 ? insert : insert.returning([...returning]));
  }

  update(collection: Collection, keys: readonly string[], values: Values): Statement {
    const { primary } = collection;
    const set = Object.fromEntries([...values.keys()].map((name) => [name, this.#value(values, name)]));
    return this.#finish(this.#keyed(collection, keys).update(set).returning(primary.name));
  }

  remove(collection: Collection, keys: readonly string[]): Statement {
    return this.#finish(this.#keyed(collection, keys).delete().returning(collection.primary.name));
  }

  #table({ schema, table }: Collection): Knex.QueryBuilder {
    return this.#knex.queryBuilder().withSchema(schema).table(table);
  }

  #keyed(collection: Collection, keys: readonly string[]): Knex.QueryBuilder {
    const { schema, table, primary } = collection;
    return this.#table(collection).whereRaw('??.??.?? = any(?)', [schema, table, primary.name, arrayText(keys)]);
  }

  #value(row: Values, name: string): unknown {
    const value = row.get(name);
    return value === undefined ? this.#knex.raw('default') : this.#knex.raw('?', [value as string]);
  }

  #finish(query: Knex.QueryBuilder): Statement {
    const { sql, bindings } = query.toSQL().toNative();
    return { sql, bindings: bindings as readonly Binding[] };
  }
}
