// How util.inspect shows each built-in kind: what comes before the braces, and what stands in them. Must never trust a toStringTag for the kind.
import { types } from './util-types.ts';

type Show = (value: unknown) => string;

interface Shown {
  readonly hidden?: ReadonlySet<PropertyKey>;
}
/** A value that is a text of its own, with braces only for extra properties. */
interface ShownText extends Shown {
  readonly kind: 'text';
  readonly text: string;
  /** Shown with its properties though they are not enumerable. */
  readonly besides?: readonly PropertyKey[];
}
/** A value with entries in braces. */
interface ShownList extends Shown {
  readonly kind: 'list';
  readonly braces: readonly [string, string];
  /** What is shown in its place where it lies too deep. */
  readonly deep: string;
  entries(show: Show): string[];
}

interface Limits {
  readonly options: { readonly maxArrayLength: number | null | undefined };
  /** How deep what is shown stands in. */
  readonly indentation: number;
}

const more = (count: number): string => `... ${count} more item${count === 1 ? '' : 's'}`;

const cutList = (items: Iterable<string>, size: number, limits: Limits): string[] => {
  const most = limits.options.maxArrayLength ?? Number.POSITIVE_INFINITY;
  const shown: string[] = [];
  for (const item of items) {
    if (shown.length >= most) break;
    shown.push(item);
  }
  if (size > most) shown.push(more(size - most));
  return shown;
};

/** The elements with runs of holes counted; a huge sparse array costs what it holds. */
const arrayEntries = (array: readonly unknown[], show: Show, limits: Limits): string[] => {
  const most = Math.min(array.length, limits.options.maxArrayLength ?? Number.POSITIVE_INFINITY);
  const shown: string[] = [];
  let index = 0;
  while (index < array.length && shown.length < most) {
    if (Object.hasOwn(array, index)) {
      shown.push(show(array[index]));
      index += 1;
      continue;
    }
    const from = index;
    const next = Object.keys(array).find((key) => Number(key) > from);
    index = next === undefined || !/^\d+$/.test(next) ? array.length : Number(next);
    shown.push(`<${index - from} empty item${index - from === 1 ? '' : 's'}>`);
  }
  if (index < array.length) shown.push(more(array.length - index));
  return shown;
};

/** The stack is set in as deep as what it stands in. */
const showError = (error: Error, name: string | null, indentation: number): string => {
  const head = `${name ?? 'Error'}${error.message === '' ? '' : `: ${error.message}`}`;
  const { stack } = error;
  if (typeof stack !== 'string' || stack === '') return `[${head}]`;
  const shown = stack.includes('\n    at ') ? stack : `[${stack}]`;
  return shown.replaceAll('\n', `\n${' '.repeat(indentation)}`);
};

const showFunction = (fn: { readonly name?: unknown }, name: string | null): string => {
  const own = typeof fn.name === 'string' && fn.name !== '' ? fn.name : null;
  if (/^class\b/.test(Function.prototype.toString.call(fn).slice(0, 6))) {
    const parent = (Object.getPrototypeOf(fn) as { readonly name?: string } | null)?.name;
    return `[class ${own ?? '(anonymous)'}${parent ? ` extends ${parent}` : ''}]`;
  }
  return `[${name ?? 'Function'}${own === null ? ' (anonymous)' : `: ${own}`}]`;
};

const prefix = (name: string | null, usual: string, size?: number): string =>
  name === usual && size === undefined
    ? ''
    : name === null
      ? `[${usual}${size === undefined ? '' : `(${size})`}: null prototype] `
      : `${name}${size === undefined ? '' : `(${size})`} `;

const list = (open: string, close: string, deep: string, entries: (show: Show) => string[]): ShownList => ({
  kind: 'list',
  braces: [open, close],
  deep,
  entries,
});
const text = (shown: string, hidden?: ReadonlySet<PropertyKey>): ShownText => ({
  kind: 'text',
  text: shown,
  ...(hidden === undefined ? {} : { hidden }),
});

const errorFields: ReadonlySet<PropertyKey> = new Set(['name', 'message', 'stack']);
const functionFields: ReadonlySet<PropertyKey> = new Set(['length', 'name', 'prototype']);

const describeTyped = (view: Uint8Array, name: string | null, limits: Limits): ShownList => {
  const kind = name ?? 'TypedArray';
  // Node shows a Buffer by its bytes.
  if (kind === 'Buffer') {
    const bytes = Array.from(view.slice(0, 50), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const rest = view.length > 50 ? ` ... ${view.length - 50} more byte${view.length === 51 ? '' : 's'}` : '';
    return list(`<Buffer ${bytes}${rest}>`, '', 'Buffer', () => []);
  }
  return list(`${kind}(${view.length}) [`, ']', kind, (show) =>
    cutList(
      (function* () {
        for (const item of view) yield show(item);
      })(),
      view.length,
      limits,
    ),
  );
};

const describeCollection = (value: object, name: string | null, limits: Limits): ShownList | null => {
  if (types.isMap(value)) {
    const map = value as Map<unknown, unknown>;
    return list(`${prefix(name, 'Map', map.size)}{`, '}', name ?? 'Map', (show) =>
      cutList(
        (function* () {
          for (const [key, item] of map) yield `${show(key)} => ${show(item)}`;
        })(),
        map.size,
        limits,
      ),
    );
  }
  if (types.isSet(value)) {
    const set = value as Set<unknown>;
    return list(`${prefix(name, 'Set', set.size)}{`, '}', name ?? 'Set', (show) =>
      cutList(
        (function* () {
          for (const item of set) yield show(item);
        })(),
        set.size,
        limits,
      ),
    );
  }
  return null;
};

const describeBoxed = (value: object): ShownText | null => {
  if (types.isNumberObject(value)) return text(`[Number: ${String(Number.prototype.valueOf.call(value))}]`);
  if (types.isStringObject(value)) return text(`[String: '${String.prototype.valueOf.call(value)}']`);
  if (types.isBooleanObject(value)) return text(`[Boolean: ${String(Boolean.prototype.valueOf.call(value))}]`);
  if (types.isSymbolObject(value)) return text(`[Symbol: ${String(Symbol.prototype.valueOf.call(value))}]`);
  if (types.isBigIntObject(value)) return text(`[BigInt: ${String(BigInt.prototype.valueOf.call(value))}n]`);
  return null;
};

const showBuffer = (buffer: ArrayBuffer): string[] => {
  const bytes = Array.from(new Uint8Array(buffer).slice(0, 50), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return [
    `[Uint8Contents]: <${bytes}${buffer.byteLength > 50 ? ` ... ${buffer.byteLength - 50} more bytes` : ''}>`,
    `[byteLength]: ${buffer.byteLength}`,
  ];
};

const showDate = (date: Date): string =>
  Number.isNaN(Date.prototype.getTime.call(date)) ? 'Invalid Date' : Date.prototype.toISOString.call(date);

interface Parts {
  readonly [part: string]: unknown;
}
const urlParts = [
  'href',
  'origin',
  'protocol',
  'username',
  'password',
  'host',
  'hostname',
  'port',
  'pathname',
  'search',
  'searchParams',
  'hash',
];

/** Classes of the platform whose state is behind getters; node shows it. */
const describeOfTheWeb = (value: object): ShownList | null => {
  const kinds = globalThis as unknown as Readonly<Record<string, (new (...args: never[]) => object) | undefined>>;
  const tag = Object.prototype.toString.call(value);
  // The tag first: to ask for a class is to load it.
  const isOf = (kind: string): boolean => tag === `[object ${kind}]` && kinds[kind] !== undefined && value instanceof kinds[kind];
  if (isOf('URL')) return list('URL {', '}', 'URL', (show) => urlParts.map((part) => `${part}: ${show((value as Parts)[part])}`));
  if (isOf('URLSearchParams'))
    return list('URLSearchParams {', '}', 'URLSearchParams', (show) =>
      Array.from(value as URLSearchParams, ([key, item]) => `${show(key)} => ${show(item)}`),
    );
  if (isOf('Blob') || isOf('File')) {
    const [kind, parts] = isOf('File') ? ['File', ['size', 'type', 'name', 'lastModified']] : ['Blob', ['size', 'type']];
    return list(`${kind} {`, '}', `${kind}`, (show) => parts.map((part) => `${part}: ${show((value as Parts)[part])}`));
  }
  return null;
};

export const describeBuiltin = (value: object, name: string | null, limits: Limits): ShownText | ShownList => {
  if (Array.isArray(value))
    return list(`${name === 'Array' ? '' : prefix(name, 'Array', value.length)}[`, ']', name ?? 'Array', (show) =>
      arrayEntries(value, show, limits),
    );
  if (typeof value === 'function') return text(showFunction(value, name), functionFields);
  if (types.isTypedArray(value)) return describeTyped(value as Uint8Array, name, limits);
  const collection = describeCollection(value, name, limits);
  if (collection !== null) return collection;
  if (types.isRegExp(value)) return text(String(value), new Set(['lastIndex']));
  if (types.isDate(value)) return text(showDate(value as Date));
  if (value instanceof Error)
    return {
      ...text(showError(value, name, limits.indentation), errorFields),
      besides: ['cause', 'errors'].filter((key) => Object.getOwnPropertyDescriptor(value, key)?.enumerable === false),
    };
  const boxed = describeBoxed(value);
  if (boxed !== null) return boxed;
  if (types.isArrayBuffer(value)) return list('ArrayBuffer {', '}', 'ArrayBuffer', () => showBuffer(value as ArrayBuffer));
  if (types.isPromise(value)) return list('Promise {', '}', 'Promise', () => ['<pending>']);
  if (types.isWeakMap(value) || types.isWeakSet(value))
    return list(`${name ?? 'WeakMap'} {`, '}', name ?? 'WeakMap', () => ['<items unknown>']);
  const ofTheWeb = describeOfTheWeb(value);
  if (ofTheWeb !== null) return ofTheWeb;
  if (Object.prototype.toString.call(value) === '[object Arguments]') return list('[Arguments] {', '}', 'Arguments', () => []);
  const tag: unknown = Reflect.get(value, Symbol.toStringTag);
  const tagged = typeof tag === 'string' && tag !== '' && tag !== name ? `${prefix(name, '')}[${tag}] ` : prefix(name, 'Object');
  return list(`${tagged}{`, '}', `${name ?? 'Object: null prototype'}`, () => []);
};
