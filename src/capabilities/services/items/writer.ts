// Creates, changes and removes items with what is nested in them, and fires their events. Must never leave half of a payload behind, nor fire an action for what was not kept.
import type { BuiltInContext, Rows } from '../built-in.ts';
import { itemsBounds } from './bounds.ts';
import type { SelectCompiler, Statement } from './compile-select.ts';
import type { Values, WriteCompiler } from './compile-write.ts';
import { type Decoders, decodeValue } from './decode.ts';
import { encodeKeys, encodeValue } from './encode.ts';
import { forbidden, invalidPayload } from './errors.ts';
import { isOneOf, keysQuery } from './lookup.ts';
import type { Collection, Model, ToMany } from './model.ts';
import { type OnePart, type Payload, parseItem, parsePayload } from './payload.ts';
import { Reader } from './read.ts';
import { type ItemsWriter, type Key, saveMany } from './save-many.ts';
import { translate } from './translate.ts';

type Data = Readonly<Record<string, unknown>>;

export interface WriterParts {
  readonly model: Model;
  readonly writes: WriteCompiler;
  readonly selects: SelectCompiler;
  readonly decoders: Decoders;
  readonly emitEvents: boolean;
}

export class Writer implements ItemsWriter {
  readonly model: Model;
  readonly #parts: WriterParts;
  readonly #actions: (() => void)[] = [];
  #items = 0;
  #depth = 0;
  constructor(parts: WriterParts) {
    this.model = parts.model;
    this.#parts = parts;
  }

  /** Runs it, and tells of what was done once all of it is there to stay. */
  async whole<T>(run: () => Promise<T>): Promise<T> {
    const result = await run();
    for (const action of this.#actions) action();
    return result;
  }

  async create(context: BuiltInContext, collection: Collection, data: readonly unknown[]): Promise<readonly (Key | null)[]> {
    this.#take(data.length);
    const items: Data[] = [];
    for (const one of data) items.push(await this.#filter(context, collection, 'create', parseItem(one), {}));
    const payloads = items.map((item) => parsePayload(item, collection, 'create'));
    const plain = payloads.every(({ one, many }) => one.length + many.length === 0);
    const chunks = plain ? chunksOf(payloads.map(({ values }) => values)) : [];
    const keys =
      plain && chunks.length <= 1
        ? await this.#insert(context, collection, chunks[0] ?? [])
        : await context.transaction(async (inner) => {
            const made: (Key | null)[] = [];
            for (const chunk of chunks) made.push(...(await this.#insert(inner, collection, chunk)));
            if (!plain) for (const payload of payloads) made.push(await this.#createNested(inner, collection, payload));
            return made;
          });
    for (const [index, payload] of items.entries()) this.#action(context, collection, 'create', { payload, key: keys[index] ?? null });
    return keys;
  }

  async update(context: BuiltInContext, collection: Collection, keys: readonly unknown[], data: unknown): Promise<readonly Key[]> {
    const texts = encodeKeys(collection, keys);
    this.#take(texts.length);
    const item = await this.#filter(context, collection, 'update', parseItem(data), { keys });
    const payload = parsePayload(item, collection, 'update');
    if (texts.length === 0) return [];
    const nested = payload.one.length + payload.many.length > 0;
    const run = (inner: BuiltInContext): Promise<void> => this.#updateAll(inner, collection, texts, payload);
    await (nested || texts.length > 1 ? context.transaction(run) : run(context));
    this.#action(context, collection, 'update', { payload: item, keys });
    return keys as readonly Key[];
  }

  async remove(context: BuiltInContext, collection: Collection, keys: readonly unknown[]): Promise<readonly Key[]> {
    const texts = encodeKeys(collection, keys);
    this.#take(texts.length);
    // As in Directus, a listener can refuse and not choose others.
    await this.#emit(context, collection, 'delete', keys, {});
    if (texts.length === 0) return [];
    const run = async (inner: BuiltInContext): Promise<void> => {
      const { rows } = await this.#run(inner, this.#parts.writes.remove(collection, texts), collection);
      if (rows.length < texts.length) throw forbidden();
    };
    await (texts.length > 1 ? context.transaction(run) : run(context));
    this.#action(context, collection, 'delete', { payload: keys, keys });
    return keys as readonly Key[];
  }

  /** Changes the item with the payload's key where there is one, and creates it else. */
  async upsert(context: BuiltInContext, collection: Collection, data: unknown): Promise<Key | null> {
    const item = parseItem(data);
    const { name } = collection.primary;
    const key = Object.hasOwn(item, name) ? item[name] : undefined;
    if (key !== undefined && key !== null && (await this.existing(context, collection, [key])) > 0) {
      const { [name]: _key, ...rest } = item;
      await this.update(context, collection, [key], rest);
      return key as Key;
    }
    return (await this.create(context, collection, [item]))[0] ?? null;
  }

  /** How many of the keys are there and may be read. */
  async existing(context: BuiltInContext, collection: Collection, keys: readonly unknown[]): Promise<number> {
    const texts = encodeKeys(collection, keys);
    const query = keysQuery(collection, isOneOf(collection.primary, texts), null);
    return (await this.reader(context).read(query)).length;
  }

  reader(context: BuiltInContext): Reader {
    return new Reader(context, this.#parts.selects, this.#parts.decoders);
  }

  /** One level deeper in a payload. */
  async nested<T>(run: () => Promise<T>): Promise<T> {
    this.#depth += 1;
    if (this.#depth > itemsBounds.pathDepth.value) throw invalidPayload('The payload is nested too deeply');
    try {
      return await run();
    } finally {
      this.#depth -= 1;
    }
  }

  async #insert(context: BuiltInContext, collection: Collection, rows: readonly Values[]): Promise<readonly (Key | null)[]> {
    if (rows.length === 0) return [];
    const { primary } = collection;
    const returning = primary.may.has('read') ? [primary.name] : [];
    const result = await this.#run(context, this.#parts.writes.insert(collection, rows, returning), collection);
    const oid = result.fields[0]?.[1] ?? 0;
    return rows.map((_row, index) =>
      returning.length === 0 ? null : (decodeValue(result.rows[index]?.[0] ?? null, oid, this.#parts.decoders) as Key),
    );
  }

  async #createNested(context: BuiltInContext, collection: Collection, payload: Payload): Promise<Key | null> {
    const values = await this.#withOnes(context, collection, payload);
    const key = (await this.#insert(context, collection, [values]))[0] ?? null;
    await this.#saveManys(context, collection, key, payload, true);
    return key;
  }

  async #updateAll(context: BuiltInContext, collection: Collection, texts: readonly string[], payload: Payload): Promise<void> {
    const values = await this.#withOnes(context, collection, payload);
    const found =
      values.size === 0
        ? await this.existing(context, collection, texts)
        : (await this.#run(context, this.#parts.writes.update(collection, texts, values), collection)).rows.length;
    if (found < texts.length) throw forbidden();
    for (const text of texts) await this.#saveManys(context, collection, text, payload, false);
  }

  /** Related items that a row points to have to be there before it. */
  async #withOnes(context: BuiltInContext, collection: Collection, payload: Payload): Promise<Values> {
    const values = new Map(payload.values);
    for (const part of payload.one) {
      const field = collection.fields.get(part.relation.column);
      if (field !== undefined) values.set(field.name, encodeValue(await this.#saveOne(context, part), field));
    }
    return values;
  }

  async #saveOne(context: BuiltInContext, { relation, item }: OnePart): Promise<Key> {
    const related = this.model.collection(relation.related);
    const { name } = related.primary;
    if (relation.relatedColumn !== name) throw invalidPayload(`"${relation.name}" does not point to a key: give its value`);
    const key = Object.hasOwn(item, name) ? item[name] : undefined;
    // A key alone points to what is there already.
    const saved =
      Object.keys(item).length === 1 && key !== undefined ? (key as Key) : await this.nested(() => this.upsert(context, related, item));
    if (saved === null) throw forbidden();
    return saved;
  }

  async #saveManys(context: BuiltInContext, collection: Collection, key: Key | null, { many }: Payload, isNew: boolean): Promise<void> {
    for (const { relation, value } of many) {
      if (key === null) throw forbidden();
      this.#checkMany(collection, relation);
      await this.nested(() => saveMany(this, context, { relation, value, parent: key, isNew }));
    }
  }

  #checkMany({ primary }: Collection, { name, column }: ToMany): void {
    if (column !== primary.name) throw invalidPayload(`The items of "${name}" do not point to a key`);
  }

  async #run(context: BuiltInContext, statement: Statement, collection: Collection): Promise<Rows> {
    try {
      return await context.query(statement.sql, statement.bindings);
    } catch (error) {
      throw translate(error, collection, true);
    }
  }

  #take(count: number): void {
    this.#items += count;
    if (this.#items > itemsBounds.mutationItems.value) throw invalidPayload(`More than ${String(itemsBounds.mutationItems.value)} items`);
  }

  async #filter(context: BuiltInContext, collection: Collection, operation: string, item: Data, meta: Data): Promise<Data> {
    return parseItem(await this.#emit(context, collection, operation, item, meta));
  }

  async #emit(context: BuiltInContext, { name }: Collection, operation: string, payload: unknown, meta: Data): Promise<unknown> {
    if (!this.#parts.emitEvents) return payload;
    const first = await context.filter(`items.${operation}`, payload, { ...meta, collection: name });
    return await context.filter(`${name}.items.${operation}`, first, { ...meta, collection: name });
  }

  #action(context: BuiltInContext, { name }: Collection, operation: string, meta: Data): void {
    if (!this.#parts.emitEvents) return;
    this.#actions.push(() => {
      for (const event of [`items.${operation}`, `${name}.items.${operation}`]) context.action(event, { ...meta, collection: name });
    });
  }
}

/** Rows that go in one statement together. One without any column goes by itself: it has no place in a list of values. */
const chunksOf = (rows: readonly Values[]): readonly (readonly Values[])[] => {
  const width = Math.max(1, new Set(rows.flatMap((row) => [...row.keys()])).size);
  const most = rows.some((row) => row.size === 0) ? 1 : Math.max(1, Math.floor(itemsBounds.insertValues.value / width));
  return Array.from({ length: Math.ceil(rows.length / most) }, (_unused, index) => rows.slice(index * most, (index + 1) * most));
};
