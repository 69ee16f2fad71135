// What a service answered, as JSON text that never grows past its limit. Must never build more text than is allowed, or pass on anything that is not data.
import { CloisterError } from '../../errors.ts';
import { servicesBounds } from './bounds.ts';

const refuse = (place: string, found: string): CloisterError =>
  new CloisterError(
    'ERR_CALL_FAILED',
    `The service answered with ${found}${place === '' ? '' : ` at ${place}`}, which does not cross to an extension.`,
  );

const isStream = (value: object): boolean =>
  ('pipe' in value && typeof value.pipe === 'function') ||
  ('getReader' in value && typeof value.getReader === 'function') ||
  (Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === 'function');

/** What JSON would quietly make an empty object of. */
const nameOfStranger = (value: object): string | null => {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return 'bytes';
  if (isStream(value)) return 'a stream';
  if ('then' in value && typeof value.then === 'function') return 'a promise';
  if (value instanceof Map || value instanceof Set || value instanceof WeakMap || value instanceof WeakSet) return 'a Map or Set';
  return null;
};

/** `mostChars` is the limit resultBytes, counted as the bridge counts it. */
export const toBoundedJson = (answer: unknown, mostChars: number): string => {
  let text = '';
  const add = (piece: string): void => {
    text += piece;
    if (text.length > mostChars)
      throw new CloisterError('ERR_CALL_FAILED', `The result is over the limit resultBytes (${mostChars}).`, { limit: 'resultBytes' });
  };
  const addText = (value: string): void => {
    // Escaping a text that is too long already would make it longer first.
    if (text.length + value.length > mostChars) add(value.slice(0, mostChars + 1 - text.length));
    add(JSON.stringify(value));
  };
  const addList = (list: readonly unknown[], place: string, depth: number): void => {
    add('[');
    for (let index = 0; index < list.length; index += 1) {
      if (index > 0) add(',');
      if (!addValue(list[index], `${place}/${index}`, depth)) add('null');
    }
    add(']');
  };
  const addObject = (value: object, place: string, depth: number): void => {
    add('{');
    let isFirst = true;
    for (const key of Object.keys(value)) {
      const inner = (value as Readonly<Record<string, unknown>>)[key];
      if (inner === undefined) continue;
      if (!isFirst) add(',');
      isFirst = false;
      addText(key);
      add(':');
      if (!addValue(inner, `${place}/${key}`, depth)) add('null');
    }
    add('}');
  };
  const addHolder = (value: object, place: string, depth: number): boolean => {
    if (depth >= servicesBounds.depth.value) throw refuse('', `more than ${servicesBounds.depth.value} levels, or a circle,`);
    const stranger = nameOfStranger(value);
    if (stranger !== null) throw refuse(place, stranger);
    // Dates, decimals and the like say themselves what they are as data.
    if ('toJSON' in value && typeof value.toJSON === 'function') return addValue(value.toJSON(), place, depth + 1);
    if (Array.isArray(value)) addList(value, place, depth + 1);
    else addObject(value, place, depth + 1);
    return true;
  };
  /** false: there is nothing to write. */
  const addValue = (value: unknown, place: string, depth: number): boolean => {
    switch (typeof value) {
      case 'string':
        addText(value);
        return true;
      case 'number':
        add(Number.isFinite(value) ? String(value) : 'null');
        return true;
      case 'boolean':
        add(String(value));
        return true;
      case 'bigint':
        // As PostgreSQL's own reach an extension.
        add(`"${value}"`);
        return true;
      case 'undefined':
        return false;
      case 'object':
        if (value !== null) return addHolder(value, place, depth);
        add('null');
        return true;
      default:
        throw refuse(place, `a ${typeof value}`);
    }
  };
  return addValue(answer, '', 0) ? text : 'null';
};
