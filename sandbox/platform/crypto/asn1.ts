// DER both ways, as much of ASN.1 as keys need. Must never read past the bytes it was given, nor nest deeper than keys do.
import { concat } from './bytes.ts';
import { bytesToInt, intToBytes } from './integers.ts';

export const tags = { integer: 2, bits: 3, octets: 4, nothing: 5, oid: 6, sequence: 0x30 } as const;

export interface Node {
  readonly tag: number;
  readonly content: Uint8Array;
}

const wrong = (): never => {
  throw new RangeError('not the DER of a key');
};

/** The nodes that lie one after the other in `bytes`. */
export const readAll = (bytes: Uint8Array): readonly Node[] => {
  const nodes: Node[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] as number;
    let length = bytes[at + 1] ?? wrong();
    at += 2;
    if (length > 0x7f) {
      const count = length & 0x7f;
      if (count === 0 || count > 4 || at + count > bytes.length) wrong();
      length = 0;
      for (let index = 0; index < count; index += 1) length = length * 256 + (bytes[at + index] as number);
      at += count;
    }
    if ((tag & 0x1f) === 0x1f || at + length > bytes.length) wrong();
    nodes.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return nodes;
};

/** The content of the one node of that tag that `bytes` is. Bytes behind it are allowed where a file may have them. */
export const readOne = (bytes: Uint8Array, tag: number): Uint8Array => {
  const [node] = readAll(bytes);
  return expect(node, tag);
};

export const expect = (node: Node | undefined, tag: number): Uint8Array => (node?.tag === tag ? node.content : wrong());
export const readSequence = (node: Node | undefined): readonly Node[] => readAll(expect(node, tags.sequence));
export const readInteger = (node: Node | undefined): bigint => {
  const bytes = expect(node, tags.integer);
  if (bytes.length === 0 || ((bytes[0] as number) & 0x80) !== 0) return wrong();
  return bytesToInt(bytes);
};
/** The bytes of a bit string, whose bits fill them. */
export const readBits = (node: Node | undefined): Uint8Array => {
  const bytes = expect(node, tags.bits);
  return bytes[0] === 0 ? bytes.subarray(1) : wrong();
};
export const readOid = (node: Node | undefined): string => {
  const bytes = expect(node, tags.oid);
  const [first = wrong()] = bytes;
  const parts = [Math.min(2, Math.floor(first / 40))];
  parts.push(first - 40 * (parts[0] as number));
  let value = 0;
  for (const byte of bytes.subarray(1)) {
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      parts.push(value);
      value = 0;
    }
  }
  return parts.join('.');
};
/** The content of the explicitly tagged `[number]` among the nodes. */
export const findTagged = (nodes: readonly Node[], number: number): Uint8Array | undefined =>
  nodes.find(({ tag }) => tag === 0xa0 + number || tag === 0x80 + number)?.content;

const write = (tag: number, content: Uint8Array): Uint8Array => {
  const length: number[] = [];
  for (let rest = content.length; rest > 0; rest >>>= 8) length.unshift(rest & 0xff);
  const head = content.length < 0x80 ? [content.length] : [0x80 + length.length, ...length];
  return concat(Uint8Array.of(tag, ...head), content);
};

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => write(tags.sequence, concat(...parts));
export const integer = (value: bigint): Uint8Array => {
  const bytes = intToBytes(value);
  return write(tags.integer, ((bytes[0] as number) & 0x80) === 0 ? bytes : concat(Uint8Array.of(0), bytes));
};
export const octets = (bytes: Uint8Array): Uint8Array => write(tags.octets, bytes);
export const bits = (bytes: Uint8Array): Uint8Array => write(tags.bits, concat(Uint8Array.of(0), bytes));
export const nothing = (): Uint8Array => write(tags.nothing, new Uint8Array(0));
export const tagged = (number: number, content: Uint8Array): Uint8Array => write(0xa0 + number, content);
export const oid = (text: string): Uint8Array => {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const digits = [part & 0x7f];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return write(tags.oid, Uint8Array.from(bytes));
};
