// atob and btoa. Must never accept what the standard refuses.
import { Buffer } from './buffer.ts';
import { DOMException } from './dom-exception.ts';

const notLatin1 = /[^\x00-\xff]/;
const forgiving = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

export const btoa = (data: unknown): string => {
  const text = String(data);
  if (notLatin1.test(text)) throw new DOMException('Invalid character', 'InvalidCharacterError');
  return Buffer.from(text, 'latin1').toString('base64');
};

export const atob = (data: unknown): string => {
  const text = String(data).replace(/[\t\n\f\r ]+/g, '');
  if (!forgiving.test(text)) throw new DOMException('The string to be decoded is not correctly encoded.', 'InvalidCharacterError');
  return Buffer.from(text, 'base64').toString('latin1');
};
