// The web's FormData. Must never hold a blob without a name.
import { type Blob, File, isBlob } from './blob.ts';

export type FormValue = string | File;

const isFile = (blob: Blob): blob is File => blob instanceof File;

const entryOf = (value: unknown, filename: unknown): FormValue => {
  if (!isBlob(value)) return String(value).toWellFormed();
  if (isFile(value) && filename === undefined) return value;
  const { lastModified } = value as File;
  return new File([value], filename === undefined ? 'blob' : filename, { type: value.type, ...(isFile(value) ? { lastModified } : {}) });
};

export class FormData {
  #entries: (readonly [name: string, value: FormValue])[] = [];

  constructor(form?: unknown) {
    if (form !== undefined) throw new TypeError('FormData: there are no forms outside a page');
  }

  append(...args: [name: unknown, value: unknown, filename?: unknown]): void {
    this.#entries.push(this.#entry('append', args));
  }
  set(...args: [name: unknown, value: unknown, filename?: unknown]): void {
    const entry = this.#entry('set', args);
    const at = this.#entries.findIndex(([name]) => name === entry[0]);
    if (at < 0) this.#entries.push(entry);
    else this.#entries = this.#entries.flatMap((one, index) => (index === at ? [entry] : one[0] === entry[0] ? [] : [one]));
  }
  delete(name: unknown): void {
    const key = String(name).toWellFormed();
    this.#entries = this.#entries.filter(([one]) => one !== key);
  }
  get(name: unknown): FormValue | null {
    const key = String(name).toWellFormed();
    return this.#entries.find(([one]) => one === key)?.[1] ?? null;
  }
  getAll(name: unknown): FormValue[] {
    const key = String(name).toWellFormed();
    return this.#entries.flatMap(([one, value]) => (one === key ? [value] : []));
  }
  has(name: unknown): boolean {
    return this.get(name) !== null;
  }
  #entry(method: string, args: readonly unknown[]): readonly [string, FormValue] {
    if (args.length < 2) throw new TypeError(`FormData.${method}: it needs a name and a value`);
    const [name, value, filename] = args;
    if (args.length > 2 && filename !== undefined && !isBlob(value)) throw new TypeError(`FormData.${method}: only a Blob has a file name`);
    return [String(name).toWellFormed(), entryOf(value, filename)];
  }

  forEach(visit: (value: FormValue, name: string, form: FormData) => void, self?: unknown): void {
    for (const [name, value] of this) Reflect.apply(visit, self, [value, name, this]);
  }
  *entries(): IterableIterator<readonly [string, FormValue]> {
    for (let at = 0; at < this.#entries.length; at += 1) yield [...(this.#entries[at] as readonly [string, FormValue])];
  }
  *keys(): IterableIterator<string> {
    for (const [name] of this.entries()) yield name;
  }
  *values(): IterableIterator<FormValue> {
    for (const [, value] of this.entries()) yield value;
  }
  [Symbol.iterator](): IterableIterator<readonly [string, FormValue]> {
    return this.entries();
  }
  get [Symbol.toStringTag](): string {
    return 'FormData';
  }
}
