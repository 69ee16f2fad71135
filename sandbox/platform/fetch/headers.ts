// The web's Headers. Must never keep a name or a value that could not stand in a header line.

type Pair = readonly [name: string, value: string];
export type HeadersInit = Headers | Iterable<Iterable<unknown>> | Readonly<Record<string, unknown>> | null | undefined;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const notInValue = /[\0\r\n]|[^\0-\xff]/;
const blanks = /^[\t\n\r ]+|[\t\n\r ]+$/g;

const parseName = (given: unknown): string => {
  const name = String(given);
  if (!token.test(name)) throw new TypeError(`Headers: ${name} is an invalid header name.`);
  return name.toLowerCase();
};
const parseValue = (given: unknown): string => {
  const value = String(given).replace(blanks, '');
  if (notInValue.test(value)) throw new TypeError(`Headers: ${JSON.stringify(value)} is an invalid header value.`);
  return value;
};

/** Set where nobody may change them. */
const fixed = new WeakSet<Headers>();

export class Headers {
  /** Values by lower-case name: cookies one by one, everything else joined. */
  readonly #values = new Map<string, string>();
  readonly #cookies: string[] = [];

  constructor(init?: HeadersInit) {
    if (init === undefined) return;
    if (init === null || (typeof init !== 'object' && typeof init !== 'function'))
      throw new TypeError('Headers: what they are made of is neither pairs nor a record');
    if (typeof (init as Iterable<unknown>)[Symbol.iterator] === 'function')
      for (const given of init as Iterable<Iterable<unknown>>) {
        if (typeof given !== 'object' || given === null) throw new TypeError('Headers: each pair must be iterable');
        const pair = [...given];
        if (pair.length !== 2) throw new TypeError('Headers: each pair must be a name and a value');
        this.append(pair[0], pair[1]);
      }
    else
      for (const key of Reflect.ownKeys(init)) {
        if (Object.getOwnPropertyDescriptor(init, key)?.enumerable !== true) continue;
        if (typeof key === 'symbol') throw new TypeError('Headers: a symbol is no header name');
        this.append(key, (init as Readonly<Record<string, unknown>>)[key]);
      }
  }

  append(given: unknown, givenValue: unknown): void {
    const [name, value] = [parseName(given), parseValue(givenValue)];
    this.#refuseFixed();
    const before = this.#values.get(name);
    if (name === 'set-cookie') this.#cookies.push(value);
    this.#values.set(name, before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`);
  }
  set(given: unknown, givenValue: unknown): void {
    const [name, value] = [parseName(given), parseValue(givenValue)];
    this.#refuseFixed();
    if (name === 'set-cookie') this.#cookies.splice(0, this.#cookies.length, value);
    this.#values.set(name, value);
  }
  delete(given: unknown): void {
    const name = parseName(given);
    this.#refuseFixed();
    if (name === 'set-cookie') this.#cookies.length = 0;
    this.#values.delete(name);
  }
  get(name: unknown): string | null {
    return this.#values.get(parseName(name)) ?? null;
  }
  has(name: unknown): boolean {
    return this.#values.has(parseName(name));
  }
  getSetCookie(): string[] {
    return [...this.#cookies];
  }

  #refuseFixed(): void {
    if (fixed.has(this)) throw new TypeError('immutable');
  }

  #pairs(): Pair[] {
    const names = [...this.#values.keys()].sort();
    return names.flatMap((name) =>
      name === 'set-cookie' ? this.#cookies.map((value): Pair => [name, value]) : [[name, this.#values.get(name) ?? ''] as Pair],
    );
  }

  forEach(visit: (value: string, name: string, headers: Headers) => void, self?: unknown): void {
    if (typeof visit !== 'function') throw new TypeError('Headers.forEach: the callback is not a function');
    for (const [name, value] of this) Reflect.apply(visit, self, [value, name, this]);
  }
  *entries(): IterableIterator<Pair> {
    // Looked at anew for each: headers may change while they are gone through.
    for (let at = 0; ; at += 1) {
      const pair = this.#pairs()[at];
      if (pair === undefined) return;
      yield [pair[0], pair[1]];
    }
  }
  *keys(): IterableIterator<string> {
    for (const [name] of this.entries()) yield name;
  }
  *values(): IterableIterator<string> {
    for (const [, value] of this.entries()) yield value;
  }
  [Symbol.iterator](): IterableIterator<Pair> {
    return this.entries();
  }
  get [Symbol.toStringTag](): string {
    return 'Headers';
  }
  [Symbol.for('nodejs.util.inspect.custom')](
    _depth: number,
    options: unknown,
    inspect: (value: unknown, options: unknown) => string,
  ): string {
    return `Headers ${inspect(Object.fromEntries(this.#pairs()), options)}`;
  }

  static fix(headers: Headers): Headers {
    fixed.add(headers);
    return headers;
  }
}
/** Headers of an answer that came: nobody changes them. */
export const fixHeaders: (headers: Headers) => Headers = Headers.fix;
Reflect.deleteProperty(Headers, 'fix');
for (const name of ['append', 'delete', 'get', 'has', 'set', 'getSetCookie', 'forEach', 'entries', 'keys', 'values'])
  Object.defineProperty(Headers.prototype, name, { enumerable: true });
