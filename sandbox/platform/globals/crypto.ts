// globalThis.crypto: random values; `subtle` is a part. Must never fall back to Math.random.
import { hooks } from '../hooks.ts';
import { membersOf } from '../parts.ts';
import { DOMException } from './dom-exception.ts';

/** What the Web Crypto standard allows in one call. */
const quotaBytes = 65_536;

const integerViews: ReadonlySet<string> = new Set([
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'BigInt64Array',
  'BigUint64Array',
]);
const kindOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get as (
  this: unknown,
) => string | undefined;

export const randomFill = (view: ArrayBufferView): void => {
  hooks().random(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
};

const getRandomValues = <View extends ArrayBufferView>(view: View): View => {
  if (!integerViews.has(kindOf.call(view) ?? ''))
    throw new DOMException('The data argument must be an integer-type TypedArray', 'TypeMismatchError');
  if (view.byteLength > quotaBytes) throw new DOMException(`The requested length exceeds ${quotaBytes} bytes`, 'QuotaExceededError');
  randomFill(view);
  return view;
};

const hex = Array.from({ length: 256 }, (_unused, byte) => byte.toString(16).padStart(2, '0'));

const randomUUID = (): string => {
  const bytes = new Uint8Array(16);
  hooks().random(bytes);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const text = Array.from(bytes, (byte) => hex[byte]).join('');
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
};

export class Crypto {
  constructor() {
    throw Object.assign(new TypeError('Illegal constructor'), { code: 'ERR_ILLEGAL_CONSTRUCTOR' });
  }
  get subtle(): unknown {
    return membersOf('crypto')['subtle'];
  }
  declare readonly getRandomValues: typeof getRandomValues;
  declare readonly randomUUID: typeof randomUUID;
}
Object.assign(Crypto.prototype, { getRandomValues, randomUUID });
Object.defineProperty(Crypto.prototype, Symbol.toStringTag, { value: 'Crypto', configurable: true });

export const crypto = Object.create(Crypto.prototype) as Crypto;
