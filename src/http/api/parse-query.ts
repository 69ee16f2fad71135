// A query string as the values its schema wants. Must never take a name that the schema has not.
import type { TObject } from '#typebox';
import type { Check } from '../../config/check.ts';
import { CloisterError } from '../../errors.ts';

export type Query = Readonly<Record<string, string | number | boolean | readonly string[]>>;

interface Part {
  readonly type?: string;
  readonly const?: unknown;
}

const valueOf = ({ type, const: only }: Part, text: string): string | number | boolean => {
  if (type === 'number' && /^\d{1,9}(?:\.\d{1,25})?$/.test(text)) return Number(text);
  return only === true && text === 'true' ? true : text;
};

export const parseQuery = (url: string, { properties }: TObject, check: Check): Query => {
  const mark = url.indexOf('?');
  const given = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  const values = new Map<string, string | number | boolean | readonly string[]>();
  for (const name of new Set(given.keys())) {
    const texts = given.getAll(name);
    const part = (Object.hasOwn(properties, name) ? properties[name] : {}) as Part;
    if (part.type === 'array') values.set(name, texts);
    else if (texts.length > 1)
      throw new CloisterError('ERR_REQUEST_INVALID', `query: ${JSON.stringify(name.slice(0, 100))} is there more than once`);
    else values.set(name, valueOf(part, texts[0] ?? ''));
  }
  // No prototype: names are a client's.
  const query = Object.assign(Object.create(null), Object.fromEntries(values)) as Query;
  check({ ...query }, 'query');
  return query;
};
