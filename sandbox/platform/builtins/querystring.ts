// node:querystring: fast-querystring for the usual separators, and what it leaves out. Must never make more keys than maxKeys from one string.
import { parse as parseFast, stringify as stringifyFast } from 'fast-querystring';

interface ParseOptions {
  readonly maxKeys?: number;
  readonly decodeURIComponent?: (text: string) => string;
}

const defaultMaxKeys = 1_000;

const unescape = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
};
const escape = (text: unknown): string => encodeURIComponent(String(text)).replace(/%20/g, '%20');

/** The text up to where the key after the last permitted one begins. */
const cutKeys = (text: string, separator: string, maxKeys: number): string => {
  if (maxKeys <= 0) return text;
  let end = -separator.length;
  for (let keys = 0; keys < maxKeys; keys += 1) {
    end = text.indexOf(separator, end + separator.length);
    if (end < 0) return text;
  }
  return text.slice(0, end);
};

const add = (into: Record<string, string | string[]>, key: string, value: string): void => {
  const before = into[key];
  if (before === undefined) into[key] = value;
  else if (Array.isArray(before)) before.push(value);
  else into[key] = [before, value];
};

const parse = (text: unknown, separator = '&', equals = '=', options: ParseOptions = {}): Record<string, string | string[]> => {
  const result: Record<string, string | string[]> = Object.create(null);
  if (typeof text !== 'string' || text.length === 0) return result;
  const cut = cutKeys(text, separator || '&', options?.maxKeys ?? defaultMaxKeys);
  if ((separator || '&') === '&' && (equals || '=') === '=' && typeof options?.decodeURIComponent !== 'function') return parseFast(cut);
  const decode = options?.decodeURIComponent ?? unescape;
  for (const part of cut.split(separator || '&')) {
    if (part === '') continue;
    const spaced = part.replaceAll('+', ' ');
    const at = spaced.indexOf(equals || '=');
    if (at < 0) add(result, decode(spaced), '');
    else add(result, decode(spaced.slice(0, at)), decode(spaced.slice(at + (equals || '=').length)));
  }
  return result;
};

const stringify = (value: unknown, separator = '&', equals = '='): string => {
  const text = stringifyFast(value);
  // Both characters are always escaped inside keys and values, so those left are the separators.
  return (separator || '&') === '&' && (equals || '=') === '='
    ? text
    : text.replace(/[&=]/g, (mark) => (mark === '&' ? separator || '&' : equals || '='));
};

export const querystring = { parse, stringify, decode: parse, encode: stringify, escape, unescape };
