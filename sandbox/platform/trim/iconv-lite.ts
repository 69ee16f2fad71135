// Stands in for iconv-lite with the charsets requests come in; its tables of all others would be most of the bundle. Must never guess: an unknown charset is an error.
import { StringDecoder } from 'string_decoder/';
import { Buffer } from '../globals/buffer.ts';

const encodings: ReadonlyMap<string, string> = new Map([
  ['utf8', 'utf8'],
  ['unicode11utf8', 'utf8'],
  ['utf16le', 'utf16le'],
  ['ucs2', 'utf16le'],
  ['utf16', 'utf16le'],
  ['ascii', 'latin1'],
  ['usascii', 'latin1'],
  ['latin1', 'latin1'],
  ['iso88591', 'latin1'],
  ['binary', 'latin1'],
  ['base64', 'base64'],
  ['hex', 'hex'],
]);

const find = (name: unknown): string | undefined =>
  encodings.get(
    String(name)
      .toLowerCase()
      .replace(/:\d{4}$|[^0-9a-z]/g, ''),
  );
const mustFind = (name: unknown): string => {
  const found = find(name);
  // raw-body and body-parser look for this message to answer 415.
  if (found === undefined) throw new Error(`Encoding not recognized: '${String(name)}' (searched as: '${String(name)}')`);
  return found;
};

const stripBom = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);

interface Decoder {
  write(bytes: Uint8Array): string;
  end(): string;
}

export const encodingExists = (name: unknown): boolean => find(name) !== undefined;

export const getDecoder = (name: unknown): Decoder => {
  const decoder = new StringDecoder(mustFind(name));
  let first = true;
  const strip = (text: string): string => {
    if (!first || text === '') return text;
    first = false;
    return stripBom(text);
  };
  return { write: (bytes) => strip(decoder.write(bytes)), end: () => strip(decoder.end()) };
};

export const decode = (bytes: Uint8Array, name: unknown): string => stripBom(Buffer.from(bytes).toString(mustFind(name)));
export const encode = (text: string, name: unknown): Uint8Array => Buffer.from(text, mustFind(name));
