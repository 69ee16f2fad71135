// What is inside key objects, by the object: neither a guest nor another part can make one that passes for a key. Must never be reachable from the object itself.

/** KeyObject or CryptoKey → its data. Lives in the image, since parts share it. */
const material = new WeakMap<object, unknown>();

export const setMaterial = (key: object, data: unknown): void => void material.set(key, data);
export const materialOf = (key: unknown): unknown => (typeof key === 'object' && key !== null ? material.get(key) : undefined);

/** The bytes of a secret key; undefined for what is none. */
export const secretBytes = (key: unknown): Uint8Array | undefined => {
  const data = materialOf(key) as { readonly kind?: unknown; readonly bytes?: unknown } | undefined;
  return data?.kind === 'secret' && data.bytes instanceof Uint8Array ? data.bytes : undefined;
};
