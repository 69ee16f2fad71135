// Values of a payload as PostgreSQL reads them, by the kind of their field. Must never pass on an object that is not text or bytes by then.
import type { Binding } from '../built-in.ts';
import { itemsBounds } from './bounds.ts';
import { forbidden, forbiddenField, invalidPayload } from './errors.ts';
import { arrayText } from './fragment.ts';
import type { Collection, Field } from './model.ts';
import { textOfKind } from './operand.ts';

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** A string that is a JSON document stands for it, as in Directus; any other is a JSON string. */
const jsonText = (value: unknown): string => (typeof value === 'string' && isJson(value) ? value : JSON.stringify(value));

const listText = (values: readonly unknown[]): string | undefined => {
  const texts = values.map((value) => textOfKind(value, 'other'));
  return texts.every((text) => text !== undefined) ? arrayText(texts) : undefined;
};

export const encodeValue = (value: unknown, field: Field): Binding => {
  if (value === null) return null;
  const refuse = (): never => {
    throw invalidPayload(`The value of "${field.name}" does not fit its field`);
  };
  if (field.kind === 'json') return jsonText(value);
  if (field.kind === 'binary') return typeof value === 'string' && base64.test(value) ? { $bytes: value } : refuse();
  if (field.kind === 'other' && Array.isArray(value)) return listText(value) ?? refuse();
  return textOfKind(value, field.kind) ?? refuse();
};

/** A key as it is compared: what is no key of this type is no key of any item. */
export const encodeKey = (value: unknown, field: Field): string | undefined => {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = textOfKind(value, field.kind);
  if (text === undefined || text === '') return undefined;
  if (field.most === null) return text;
  const number = BigInt(text.replace(/^\+/, ''));
  return number <= field.most && number >= -field.most ? String(number) : undefined;
};

/** Distinct, as PostgreSQL compares them. One that cannot be a key is the key of nothing. */
export const encodeKeys = ({ name, primary }: Collection, keys: readonly unknown[]): readonly string[] => {
  if (!primary.may.has('read')) throw forbiddenField(primary.name, name);
  if (keys.length > itemsBounds.listItems.value) throw invalidPayload(`More than ${String(itemsBounds.listItems.value)} keys`);
  const texts = keys.map((key) => encodeKey(key, primary));
  if (!texts.every((text) => text !== undefined)) throw forbidden();
  return [...new Set(texts)];
};
