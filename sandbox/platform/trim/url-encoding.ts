// UTF-8 for whatwg-url by the functions Buffer uses too, so that it needs no TextEncoder global. Must never throw: bad bytes become U+FFFD.
import { utf8fromStringLoose, utf8toStringLoose } from '@exodus/bytes/utf8.js';

export const utf8Encode = (text: string): Uint8Array => utf8fromStringLoose(text);
export const utf8DecodeWithoutBOM = (bytes: Uint8Array): string => utf8toStringLoose(bytes);
