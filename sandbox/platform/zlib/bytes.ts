// Text to bytes, and chunks to one Buffer. Must never keep a view of what a caller may still change.
import { Buffer, type Buffer as GuestBuffer } from '../globals/buffer.ts';

export const utf8ToBytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

/** Node's Buffer over the same bytes. */
export const asBuffer = (bytes: Uint8Array): GuestBuffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const joined = (chunks: readonly Uint8Array[], length: number): GuestBuffer => Buffer.concat(chunks, length);
