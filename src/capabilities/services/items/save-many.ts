// Sets a relation to many as a payload says: items made, changed, linked and let go. Must never touch an item that is another's, but to link it.
import type { BuiltInContext } from '../built-in.ts';
import { encodeKey, encodeKeys } from './encode.ts';
import { forbidden, invalidPayload } from './errors.ts';
import { readable } from './expression.ts';
import { both, isOneOf, keysQuery } from './lookup.ts';
import type { Collection, Model, ToMany } from './model.ts';
import { isObject } from './parse-filter.ts';
import { parseManyChange } from './payload.ts';
import type { Reader } from './read.ts';

export type Key = string | number;

/** What writes items; an item that is written here may have relations of its own. */
export interface ItemsWriter {
  readonly model: Model;
  create(context: BuiltInContext, collection: Collection, data: readonly unknown[]): Promise<readonly (Key | null)[]>;
  update(context: BuiltInContext, collection: Collection, keys: readonly unknown[], data: unknown): Promise<readonly Key[]>;
  remove(context: BuiltInContext, collection: Collection, keys: readonly unknown[]): Promise<readonly Key[]>;
  upsert(context: BuiltInContext, collection: Collection, data: unknown): Promise<Key | null>;
  reader(context: BuiltInContext): Reader;
}

export interface ManyOrder {
  readonly relation: ToMany;
  readonly value: unknown;
  /** The key of the item the others belong to. */
  readonly parent: Key;
  /** It has just been made, and nothing belongs to it. */
  readonly isNew: boolean;
}

const isKey = (value: unknown): value is Key => typeof value === 'string' || typeof value === 'number';

class ManySaver {
  readonly #writer: ItemsWriter;
  readonly #context: BuiltInContext;
  readonly #relation: ToMany;
  readonly #parent: Key;
  readonly #related: Collection;
  constructor(writer: ItemsWriter, context: BuiltInContext, { relation, parent }: ManyOrder) {
    this.#writer = writer;
    this.#context = context;
    this.#relation = relation;
    this.#parent = parent;
    this.#related = writer.model.collection(relation.related);
  }

  /** From now on these are all there are. */
  async all(items: readonly unknown[], isNew: boolean): Promise<void> {
    const { name } = this.#related.primary;
    const links = items.filter(isKey);
    const objects = items.filter(isObject);
    if (links.length + objects.length < items.length)
      throw invalidPayload(`"${this.#relation.name}" holds what is neither a key nor an item`);
    const fresh = objects.filter((item) => item[name] === undefined || item[name] === null);
    const known = objects.filter((item) => !fresh.includes(item));
    const made = await this.#create(fresh);
    for (const item of known) await this.#writer.upsert(this.#context, this.#related, this.#belonging(item));
    if (links.length > 0) await this.#writer.update(this.#context, this.#related, links, this.#belonging({}));
    if (isNew) return;
    const kept = [...links, ...known.map((item) => item[name]), ...made];
    await this.#letGo(await this.#own(encodeKeys(this.#related, kept), true));
  }

  async changes(create: readonly unknown[], update: readonly unknown[], remove: readonly unknown[]): Promise<void> {
    const { name } = this.#related.primary;
    await this.#create(create);
    for (const item of update) {
      if (!isObject(item) || !isKey(item[name])) throw invalidPayload(`"update" of "${this.#relation.name}" holds an item without its key`);
      const { [name]: key, ...rest } = item;
      await this.#writer.update(this.#context, this.#related, [key], this.#belonging(rest));
    }
    if (remove.length > 0) await this.#letGo(await this.#own(encodeKeys(this.#related, remove), false));
  }

  async #create(items: readonly unknown[]): Promise<readonly (Key | null)[]> {
    if (items.length === 0) return [];
    const owned = items.map((item) => {
      if (!isObject(item)) throw invalidPayload(`"${this.#relation.name}" holds what is no item`);
      return this.#belonging(item);
    });
    return await this.#writer.create(this.#context, this.#related, owned);
  }

  #belonging(item: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    return { ...item, [this.#relation.relatedColumn]: this.#parent };
  }

  /** Keys of the parent's items that are among these, or are not. */
  async #own(keys: readonly string[], not: boolean): Promise<readonly unknown[]> {
    const { primary } = this.#related;
    const pointing = readable(this.#related, this.#relation.relatedColumn);
    const parent = encodeKey(this.#parent, pointing);
    if (parent === undefined) throw forbidden();
    const filter = both(isOneOf(pointing, [parent]), isOneOf(primary, keys, not));
    const items = await this.#writer.reader(this.#context).read(keysQuery(this.#related, filter, null));
    return items.map((item) => item[primary.name]);
  }

  async #letGo(keys: readonly unknown[]): Promise<void> {
    if (keys.length === 0) return;
    if (this.#relation.deselect === 'delete') await this.#writer.remove(this.#context, this.#related, keys);
    else await this.#writer.update(this.#context, this.#related, keys, { [this.#relation.relatedColumn]: null });
  }
}

export const saveMany = async (writer: ItemsWriter, context: BuiltInContext, order: ManyOrder): Promise<void> => {
  const saver = new ManySaver(writer, context, order);
  const change = parseManyChange(order.value, order.relation.name);
  if (change.kind === 'all') await saver.all(change.items, order.isNew);
  else await saver.changes(change.create, change.update, change.remove);
};
