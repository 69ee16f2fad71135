// A body on its way out: as text where it is text, which crosses at its own length, else as base64. Must never guess from the bytes alone.
import { Buffer } from '../globals/buffer.ts';
import type { Outgoing } from '../hooks.ts';

const textType = /^(?:text\/|application\/(?:json|x-www-form-urlencoded|xml|[a-z.+-]+\+(?:json|xml)))/i;

export const makeOutgoingBody = (bytes: Uint8Array, contentType: string): Pick<Outgoing, 'body'> => {
  if (bytes.length === 0) return {};
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = textType.test(contentType) ? buffer.toString('utf8') : '\ufffd';
  return { body: text.includes('\ufffd') ? { base64: buffer.toString('base64') } : { text } };
};
