// Changes JSON that fits into JSON that nearly does: in its values, its keys and its text. Must never be the same twice but from the same seed.

export interface Mutations {
  /** The value with one to three changes in it. */
  value(given: unknown): unknown;
  /** Its text, and sometimes no JSON any more. */
  text(given: unknown): string;
}

type Values = Readonly<Record<string, unknown>>;
type Path = readonly (string | number)[];

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isValues = (value: unknown): value is Values => typeof value === 'object' && value !== null && !isList(value);

const pathsIn = (value: unknown, here: Path = []): readonly Path[] => [
  here,
  ...(isList(value) ? value.flatMap((inner, index) => pathsIn(inner, [...here, index])) : []),
  ...(isValues(value) ? Object.entries(value).flatMap(([key, inner]) => pathsIn(inner, [...here, key])) : []),
];

const at = (value: unknown, path: Path): unknown => path.reduce<unknown>((inner, part) => (inner as Values)[part], value);

/** A key like `__proto__` is defined and not set: it must be there as JSON.parse would put it there. */
const withKey = (value: Values, key: string, inner: unknown): Values =>
  Object.defineProperty({ ...value }, key, { value: inner, enumerable: true, configurable: true, writable: true });

const replaceAt = (value: unknown, [part, ...rest]: Path, by: unknown): unknown => {
  if (part === undefined) return by;
  if (isList(value)) return value.map((inner, index) => (index === part ? replaceAt(inner, rest, by) : inner));
  return withKey(value as Values, String(part), replaceAt((value as Values)[part], rest, by));
};

const nested = (depth: number, key: string): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = key === '' ? [value] : { [key]: value };
  return value;
};

const scalars = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1.5,
  1e308,
  -1e308,
  2 ** 53,
  5e-324,
  '',
  ' ',
  '*',
  '$',
  '$tenant',
  '../../x',
  '/',
  'a\u0000b',
];
const texts = [
  '\u001b[2J',
  '\r\nx: y',
  '\u2028',
  '\ud800',
  'x'.repeat(5_000),
  '{}',
  'https://*',
  'http://[::1]:99999',
  '__proto__',
  '(a+)+$',
];
const keys = ['__proto__', 'constructor', 'toString', 'prototype', '$ref', '$async', 'default', '', '_and', 'length', 'then', '🦊', 'a\nb'];

export const makeMutations = (random: () => number): Mutations => {
  const below = (bound: number): number => Math.floor(random() * bound);
  const pick = <Item>(list: readonly Item[]): Item => list[below(list.length)] as Item;

  const other = (): unknown =>
    pick<() => unknown>([
      () => pick(scalars),
      () => pick(texts),
      () => [],
      () => ({}),
      () => nested(1 + below(60), pick(['', '_and', 'a'])),
      () => Array.from({ length: pick([1, 3, 70, 300, 6_000]) }, (_, index) => pick([index, `K${index}`, {}, []])),
      () => Object.fromEntries(Array.from({ length: pick([1, 3, 70, 300, 6_000]) }, (_, index) => [`k${index}`, index])),
      () => withKey({}, pick(keys), pick(scalars)),
    ])();

  const misspelled = (key: string): string => {
    const place = below(key.length + 1);
    return pick([
      () => key.slice(0, place) + key.slice(place + 1),
      () => key.toUpperCase(),
      () => `${key} `,
      () => key.slice(0, place) + pick(['a', '\u0000', '.', '\u200b', 'ſ']) + key.slice(place),
      () => pick(keys),
    ])();
  };

  const once = (given: unknown): unknown => {
    const path = pick(pathsIn(given));
    const here = at(given, path);
    return replaceAt(
      given,
      path,
      pick<() => unknown>([
        other,
        () => (typeof here === 'number' ? here * pick([-1, 0.5, 1e3, 1e9]) : other()),
        () => (typeof here === 'string' ? misspelled(here) : other()),
        () => (isValues(here) ? withKey(here, pick([...keys, misspelled(pick(['cloister', 'keys', 'methods']))]), other()) : [here, here]),
        () => (isValues(here) ? Object.fromEntries(Object.entries(here).filter(() => random() < 0.6)) : here),
        () => (isValues(here) ? Object.fromEntries(Object.entries(here).map(([key, inner]) => [misspelled(key), inner])) : other()),
        () => (isList(here) ? [...here, ...here, other()] : { value: here }),
      ])(),
    );
  };

  const value = (given: unknown): unknown => {
    let changed = given;
    for (let left = 1 + below(3); left > 0; left -= 1) changed = once(changed);
    return changed;
  };

  const garble = (text: string): string => {
    const place = below(text.length + 1);
    return pick([
      () => text,
      () => text,
      () => text,
      () => `\uFEFF${text}`,
      () => text.slice(0, place),
      () =>
        text.slice(0, place) +
        pick(['"', '{', ']', ',', '\\', '\u0000', '\u2028', '//', '1e999', '"a":1,"a":2,', '"\\u005f_proto__":{},']) +
        text.slice(place),
      () => text.replace(/"(\w+)":/, '"$1":null,"$1":'),
      () => text.replace(/"(\w)/, (_, letter: string) => `"\\u00${letter.charCodeAt(0).toString(16).padStart(2, '0')}`),
      () => '['.repeat(below(60_000)),
      () => `{"${'k'.repeat(60_000)}":{${Array.from({ length: 6_000 }, (_, index) => `"${index}":1`).join()}},${text.slice(1)}`,
    ])();
  };

  return { value, text: (given) => garble(JSON.stringify(value(given)) ?? 'null') };
};
