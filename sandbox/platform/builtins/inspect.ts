// util.inspect in the layout node prints. Must never throw for a value a guest can make, nor run a getter.
// Own code: the extraction of node's own needs built-ins the kernel takes away, and smaller libraries print another layout.
import { describeBuiltin } from './inspect-builtins.ts';
import { setInColumns } from './inspect-columns.ts';

export interface InspectOptions {
  readonly depth?: number | null;
  readonly showHidden?: boolean;
  readonly customInspect?: boolean;
  readonly maxArrayLength?: number | null;
  readonly maxStringLength?: number | null;
  readonly breakLength?: number;
  readonly compact?: number | boolean;
  readonly sorted?: boolean | ((left: string, right: string) => number);
  readonly getters?: boolean;
}

export const inspectCustom = Symbol.for('nodejs.util.inspect.custom');

const defaults = {
  depth: 2,
  showHidden: false,
  customInspect: true,
  maxArrayLength: 100,
  maxStringLength: 10_000,
  breakLength: 80,
  compact: 3,
  sorted: false,
  getters: false,
} as const;

const plainKey = /^[a-zA-Z_][a-zA-Z_0-9]*$/;
const escapes: Readonly<Record<string, string>> = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '\\': '\\\\' };

export const quote = (text: string): string => {
  const mark = !text.includes("'") ? "'" : !text.includes('"') ? '"' : !text.includes('`') && !text.includes('${') ? '`' : "'";
  const escaped = text.replace(
    /[\x00-\x1f\x7f-\x9f\\]/g,
    (char) => escapes[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
  );
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
};

const showKey = (key: PropertyKey): string =>
  typeof key === 'symbol' ? String(key) : plainKey.test(String(key)) ? String(key) : quote(String(key));

/** Null where the chain ends without one, as for Object.create(null). */
const constructorName = (value: object): string | null => {
  for (let at: object | null = value; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const { value: constructor } = Object.getOwnPropertyDescriptor(at, 'constructor') ?? {};
    if (typeof constructor === 'function' && constructor.name !== '') return String(constructor.name);
  }
  return null;
};

export class Inspector {
  readonly options: Required<{ [Name in keyof InspectOptions]: InspectOptions[Name] }>;
  readonly #path: object[] = [];
  readonly #cycles = new Map<object, number>();
  #indentation = 0;
  #depthNow = 0;

  constructor(options: InspectOptions) {
    this.options = { ...defaults, ...options };
  }

  get indentation(): number {
    return this.#indentation;
  }

  show(value: unknown, depth: number): string {
    switch (typeof value) {
      case 'string':
        return depth === 0 ? this.#showString(value) : this.#showLines(value);
      case 'number':
        return Object.is(value, -0) ? '-0' : String(value);
      case 'bigint':
        return `${value}n`;
      case 'object':
        return value === null ? 'null' : this.#showObject(value, depth);
      case 'function':
        return this.#showObject(value, depth);
      default:
        return String(value);
    }
  }

  /** A long text inside something is set line by line. */
  #showLines(text: string): string {
    const most = this.options.maxStringLength ?? Number.POSITIVE_INFINITY;
    const left = (this.options.breakLength ?? 80) - this.#indentation - 4;
    if (this.options.compact === true || text.length <= 16 || text.length <= left || text.length > most) return this.#showString(text);
    return text
      .split(/(?<=\n)/)
      .map(quote)
      .join(` +\n${' '.repeat(this.#indentation + 2)}`);
  }

  #showString(text: string): string {
    const most = this.options.maxStringLength ?? Number.POSITIVE_INFINITY;
    if (text.length <= most) return quote(text);
    const rest = text.length - most;
    return `${quote(text.slice(0, most))}... ${rest} more character${rest === 1 ? '' : 's'}`;
  }

  #showObject(value: object, depth: number): string {
    if (this.options.customInspect) {
      const custom: unknown = Reflect.get(value, inspectCustom);
      if (typeof custom === 'function' && custom !== inspect) {
        const left = this.options.depth === null ? null : (this.options.depth ?? 0) - depth;
        const shown: unknown = custom.call(value, left, { ...this.options, depth: left, stylize: String }, inspect);
        if (shown !== value)
          return typeof shown === 'string' ? shown.replaceAll('\n', `\n${' '.repeat(this.#indentation)}`) : this.show(shown, depth);
      }
    }
    if (!this.#path.includes(value)) return this.#showBody(value, depth);
    if (!this.#cycles.has(value)) this.#cycles.set(value, this.#cycles.size + 1);
    return `[Circular *${this.#cycles.get(value)}]`;
  }

  #showBody(value: object, depth: number): string {
    const name = constructorName(value);
    const described = describeBuiltin(value, name, this);
    const keys = [...this.#keysOf(value, described.hidden), ...(described.kind === 'text' ? (described.besides ?? []) : [])];
    if (described.kind === 'text' && keys.length === 0) return described.text;
    const tooDeep = this.options.depth !== null && depth > (this.options.depth ?? 0);
    if (tooDeep) return described.kind === 'text' ? described.text : `[${described.deep}]`;
    this.#path.push(value);
    this.#depthNow = depth;
    this.#indentation += 2;
    const output = described.kind === 'list' ? described.entries((item) => this.show(item, depth + 1)) : [];
    for (const key of keys) output.push(this.#showProperty(value, key, depth));
    this.#indentation -= 2;
    this.#path.pop();
    const [open, close] = described.kind === 'list' ? described.braces : ['{', '}'];
    const base = described.kind === 'text' ? described.text : '';
    const cycle = this.#cycles.get(value);
    const set = Array.isArray(value) || ArrayBuffer.isView(value) ? this.#setList(value, output) : output;
    const shown =
      output.length === 0 && base === '' ? `${open}${close}` : this.#join(set, base, open, close, depth, set.length < output.length);
    return cycle === undefined ? shown : `<ref *${cycle}> ${shown}`;
  }

  #keysOf(value: object, hidden: ReadonlySet<PropertyKey> | undefined): PropertyKey[] {
    const isIndexed = Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof String;
    const keys = Reflect.ownKeys(value).filter((key) => {
      if (hidden?.has(key) || (isIndexed && typeof key === 'string' && (/^\d+$/.test(key) || key === 'length'))) return false;
      return this.options.showHidden || Object.getOwnPropertyDescriptor(value, key)?.enumerable === true;
    });
    if (!this.options.sorted) return keys;
    const compare = typeof this.options.sorted === 'function' ? this.options.sorted : undefined;
    return [...keys.filter((key) => typeof key === 'string').sort(compare), ...keys.filter((key) => typeof key === 'symbol')];
  }

  #showProperty(value: object, key: PropertyKey, depth: number): string {
    const descriptor = Object.getOwnPropertyDescriptor(value, key);
    const name = descriptor?.enumerable === false && typeof key !== 'symbol' ? `[${String(key)}]` : showKey(key);
    if (descriptor === undefined || 'value' in descriptor) return `${name}: ${this.show(descriptor?.value, depth + 1)}`;
    const accessor = descriptor.get === undefined ? 'Setter' : descriptor.set === undefined ? 'Getter' : 'Getter/Setter';
    if (!this.options.getters || descriptor.get === undefined) return `${name}: [${accessor}]`;
    const got: unknown = Reflect.get(value, key);
    const shown = this.show(got, depth + 1);
    return `${name}: ${typeof got === 'object' && got !== null ? `[${accessor}] ${shown}` : `[${accessor}: ${shown}]`}`;
  }

  #setList(value: object, output: readonly string[]): readonly string[] {
    const { compact, breakLength, maxArrayLength } = this.options;
    if (output.length <= 6 || typeof compact !== 'number' || compact < 1) return output;
    const length = breakLength ?? 80;
    return setInColumns(output, {
      breakLength: length,
      width: length - this.#indentation,
      compact,
      rightAligned: Array.from(value as ArrayLike<unknown>).every((item) => typeof item === 'number' || typeof item === 'bigint'),
      hasMore: output.length > (maxArrayLength ?? Number.POSITIVE_INFINITY),
    });
  }

  /** On one line when the last levels fit one, else a line each: node's rule for `compact: 3`. */
  #join(output: readonly string[], base: string, open: string, close: string, depth: number, inColumns = false): string {
    const lead = base === '' ? '' : `${base} `;
    const { compact, breakLength } = this.options;
    const levels = typeof compact === 'number' ? compact : compact ? 3 : 0;
    if (this.#depthNow - depth < levels && !inColumns) {
      const start = output.length + this.#indentation + open.length + base.length + 10;
      const length = output.reduce((sum, item) => sum + item.length, output.length + start);
      const joined = output.join(', ');
      if (length <= (breakLength ?? 80) && !joined.includes('\n') && !base.includes('\n')) return `${lead}${open} ${joined} ${close}`;
    }
    const line = `\n${' '.repeat(this.#indentation)}`;
    return `${lead}${open}${line}  ${output.join(`,${line}  `)}${line}${close}`;
  }
}

const parseOptions = (options: unknown): InspectOptions =>
  typeof options === 'boolean'
    ? { showHidden: options }
    : typeof options === 'object' && options !== null
      ? (options as InspectOptions)
      : {};

export const inspect = Object.assign(
  (value: unknown, options?: unknown, depth?: number | null): string =>
    new Inspector(depth === undefined ? parseOptions(options) : { ...parseOptions(options), depth }).show(value, 0),
  { custom: inspectCustom, defaultOptions: { ...defaults }, colors: {}, styles: {} },
);
