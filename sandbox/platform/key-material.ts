// What is inside key objects, by the object: neither a guest nor another part can make one that passes for a key. Must never be reachable from the object itself.

type Class = 'KeyObject' | 'CryptoKey';

/** Lives in the image, since parts share it. */
const material = new WeakMap<object, { readonly data: unknown; readonly made: Class }>();
const entryOf = (key: unknown): { readonly data: unknown; readonly made: Class } | undefined =>
  typeof key === 'object' && key !== null ? material.get(key) : undefined;

export const setMaterial = (key: object, data: unknown, made: Class): void => void material.set(key, { data, made });
export const materialOf = (key: unknown): unknown => entryOf(key)?.data;
/** Which class made it; undefined for what is no key. */
export const keyClassOf = (key: unknown): Class | undefined => entryOf(key)?.made;

/** The bytes of a secret key; undefined for what is none. */
export const secretBytes = (key: unknown): Uint8Array | undefined => {
  const data = materialOf(key) as { readonly kind?: unknown; readonly bytes?: unknown } | undefined;
  return data?.kind === 'secret' && data.bytes instanceof Uint8Array ? data.bytes : undefined;
};
