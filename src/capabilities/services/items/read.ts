// Runs a query level by level, one statement for each relation, and puts the items together. Must never hold a result larger than its bound.
import { CloisterError } from '../../../errors.ts';
import type { BuiltInContext, Rows } from '../built-in.ts';
import { itemsBounds } from './bounds.ts';
import type { Match, SelectCompiler, Statement } from './compile-select.ts';
import { type Decoders, decodeValue } from './decode.ts';
import type { Collection, ToMany, ToOne } from './model.ts';
import type { Aggregation, Branch, ItemsQuery } from './query.ts';
import { translate } from './translate.ts';

export type Item = Record<string, unknown>;

/** An item, what it is found by, and how much text it holds with all below it. */
interface Found {
  readonly item: unknown;
  readonly match: string | null;
  readonly chars: number;
}

type Texts = readonly (string | null)[];

const makeItem = (): Item => Object.create(null) as Item;

const charsOf = (texts: Texts): number => texts.reduce((sum, text) => sum + (text?.length ?? 4), 2 * texts.length);

export class Reader {
  readonly #context: BuiltInContext;
  readonly #compiler: SelectCompiler;
  readonly #decoders: Decoders;
  #chars = 0;
  constructor(context: BuiltInContext, compiler: SelectCompiler, decoders: Decoders) {
    this.#context = context;
    this.#compiler = compiler;
    this.#decoders = decoders;
  }

  async read(query: ItemsQuery): Promise<readonly Item[]> {
    // All items of the first level are objects.
    return (await this.#level(query, null, null)).map(({ item }) => item as Item);
  }

  async #level(query: ItemsQuery, match: Match | null, keysOnly: string | null): Promise<readonly Found[]> {
    if (query.limit === 0) return [];
    const { aggregation } = query;
    if (aggregation !== null) return await this.#aggregated(query, aggregation, match);
    const extra = [...new Set(query.branches.map(({ relation }) => relation.column))];
    const { fields, rows } = await this.#run(this.#compiler.items(query, extra, match), query.collection);
    const items = rows.map((texts) => this.#item(query, texts, fields));
    const sizes = rows.map((texts) => charsOf(texts));
    for (const branch of query.branches) {
      const place = query.outputs.length + extra.indexOf(branch.relation.column);
      const parents = rows.map((texts) => texts[place] ?? null);
      const attached = await this.#branch(branch, parents);
      for (const [index, { value, chars }] of attached.entries()) {
        const item = items[index];
        if (item === undefined) continue;
        item[branch.key] = value;
        this.#take(chars);
        sizes[index] = (sizes[index] ?? 0) + chars;
      }
    }
    const last = query.outputs.length + extra.length;
    return rows.map((texts, index) => {
      const item = items[index];
      return {
        item: keysOnly === null ? item : item?.[keysOnly],
        match: match === null ? null : (texts[last] ?? null),
        chars: sizes[index] ?? 0,
      };
    });
  }

  /** Keys in the order they were asked for; those of relations are filled in later. */
  #item({ keys, outputs }: ItemsQuery, texts: Texts, fields: Rows['fields']): Item {
    const item = makeItem();
    for (const key of keys) item[key] = null;
    for (const [place, { key }] of outputs.entries())
      item[key] = decodeValue(texts[place] ?? null, fields[place]?.[1] ?? 0, this.#decoders);
    return item;
  }

  async #branch(
    { relation, query, keysOnly }: Branch,
    parents: Texts,
  ): Promise<readonly { readonly value: unknown; readonly chars: number }[]> {
    const keys = [...new Set(parents.filter((key) => key !== null))];
    const match: Match = { column: relation.relatedColumn, keys, paged: relation.kind === 'many' };
    const found = keys.length === 0 ? [] : await this.#level(query, match, keysOnly ? (query.outputs[0]?.key ?? '') : null);
    const byParent = new Map<string, Found[]>();
    for (const one of found) {
      const list = byParent.get(one.match ?? '');
      if (list === undefined) byParent.set(one.match ?? '', [one]);
      else list.push(one);
    }
    return parents.map((key) => this.#attach(relation, key === null ? [] : (byParent.get(key) ?? [])));
  }

  #attach({ kind }: ToOne | ToMany, found: readonly Found[]): { readonly value: unknown; readonly chars: number } {
    if (kind === 'one') return { value: found[0]?.item ?? null, chars: found[0]?.chars ?? 0 };
    return { value: found.map(({ item }) => item), chars: found.reduce((sum, { chars }) => sum + chars, 0) };
  }

  async #aggregated(query: ItemsQuery, { groups, aggregates }: Aggregation, match: Match | null): Promise<readonly Found[]> {
    const statement = this.#compiler.aggregation(query, { groups, aggregates, order: query.aggregation?.order ?? [] }, match);
    const { fields, rows } = await this.#run(statement, query.collection);
    return rows.map((texts) => {
      const item = makeItem();
      const value = (place: number): unknown => decodeValue(texts[place] ?? null, fields[place]?.[1] ?? 0, this.#decoders);
      for (const [place, { key }] of groups.entries()) item[key] = value(place);
      const nested = new Map<string, Item>();
      for (const [index, { path }] of aggregates.entries()) {
        const [fn = '', field] = path;
        if (field === undefined) {
          item[fn] = value(groups.length + index);
          continue;
        }
        const values = nested.get(fn) ?? makeItem();
        values[field] = value(groups.length + index);
        item[fn] = values;
        nested.set(fn, values);
      }
      return { item, match: match === null ? null : (texts.at(-1) ?? null), chars: charsOf(texts) };
    });
  }

  async #run(statement: Statement, collection: Collection): Promise<Rows> {
    let result: Rows;
    try {
      result = await this.#context.query(statement.sql, statement.bindings);
    } catch (error) {
      throw translate(error, collection, false);
    }
    for (const texts of result.rows) this.#take(charsOf(texts));
    return result;
  }

  /** One author of a thousand articles is a thousand authors in the answer. */
  #take(chars: number): void {
    this.#chars += chars;
    if (this.#chars <= itemsBounds.resultChars.value) return;
    throw new CloisterError('ERR_CALL_FAILED', `The items are over the bound resultChars (${String(itemsBounds.resultChars.value)}).`, {
      limit: 'resultChars',
    });
  }
}
