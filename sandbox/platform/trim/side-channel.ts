// Stands in for side-channel, which qs uses to notice cycles: a WeakMap, without the polyfills for engines that have none. Must never hold its keys.

interface Channel {
  assert(key: object): void;
  get(key: object): unknown;
  has(key: object): boolean;
  set(key: object, value: unknown): void;
  delete(key: object): boolean;
}

const getSideChannel = (): Channel => {
  const values = new WeakMap<object, unknown>();
  const channel: Channel = {
    assert: (key) => {
      if (!values.has(key)) throw new TypeError('Side channel does not contain the given key');
    },
    get: (key) => values.get(key),
    has: (key) => values.has(key),
    set: (key, value) => void values.set(key, value),
    delete: (key) => values.delete(key),
  };
  return channel;
};

export default getSideChannel;
