// The headers of one response in the order they were set, kept as the flat list the sink wants. Must never hold a name or value that was not checked.
import { checkHeaderName, checkHeaderValue } from './headers.ts';

/** A handful of names per response: scanning two short arrays is faster than a table per response. */
export class HeaderList {
  readonly #keys: string[] = [];
  /** Flat name, value(s), …, as the guest spelled the names. */
  readonly pairs: (string | readonly string[])[] = [];

  set(name: unknown, value: unknown): void {
    const key = checkHeaderName(name);
    checkHeaderValue(name, value);
    this.#put(key, name as string, value);
  }

  append(name: unknown, value: unknown): void {
    const key = checkHeaderName(name);
    checkHeaderValue(name, value);
    const index = this.#keys.indexOf(key);
    if (index < 0) {
      this.#put(key, name as string, value);
      return;
    }
    const before = this.pairs[index * 2 + 1];
    this.pairs[index * 2 + 1] = [...(Array.isArray(before) ? before : [before]), ...(Array.isArray(value) ? value : [value])];
  }

  #put(key: string, name: string, value: unknown): void {
    let index = this.#keys.indexOf(key);
    if (index < 0) index = this.#keys.push(key) - 1;
    this.pairs[index * 2] = name;
    // Kept as given: getHeader answers with the guest's own number or array. `wire` makes it text.
    this.pairs[index * 2 + 1] = value as string;
  }

  get(key: string): unknown {
    const index = this.#keys.indexOf(key);
    return index < 0 ? undefined : this.pairs[index * 2 + 1];
  }

  has(key: string): boolean {
    return this.#keys.includes(key);
  }

  remove(key: string): void {
    const index = this.#keys.indexOf(key);
    if (index < 0) return;
    this.#keys.splice(index, 1);
    this.pairs.splice(index * 2, 2);
  }

  keys(): string[] {
    return [...this.#keys];
  }

  rawNames(): string[] {
    return this.#keys.map((_key, index) => this.pairs[index * 2] as string);
  }

  toObject(): Record<string, unknown> {
    const headers: Record<string, unknown> = Object.create(null);
    this.#keys.forEach((key, index) => {
      headers[key] = this.pairs[index * 2 + 1];
    });
    return headers;
  }

  /** The flat list with every value as text, for the sink. */
  wire(): readonly (string | readonly string[])[] {
    const { pairs } = this;
    for (let index = 1; index < pairs.length; index += 2) {
      const value: unknown = pairs[index];
      if (typeof value !== 'string') pairs[index] = Array.isArray(value) ? value.map(String) : String(value);
    }
    return pairs;
  }
}
