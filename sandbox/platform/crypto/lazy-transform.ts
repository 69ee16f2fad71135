// What hashes, MACs and ciphers stand on: streams in node, and here too as soon as somebody treats one as a stream. Must never load the stream classes before.

// esbuild turns require() with a literal into a call of that module's wrapper; no require exists when this runs.
declare const require: (name: string) => unknown;

interface TransformClass {
  call(self: object, options: object): void;
  readonly prototype: object;
}

/** The members of node's streams that people call on a hash or cipher first; whichever it is loads them all. */
const members = [
  ...['on', 'once', 'off', 'addListener', 'prependListener', 'removeListener', 'removeAllListeners', 'emit', 'listenerCount', 'listeners'],
  ...[
    'write',
    'end',
    'pipe',
    'unpipe',
    'read',
    'push',
    'pause',
    'resume',
    'setEncoding',
    'destroy',
    'cork',
    'uncork',
    'isPaused',
    'unshift',
  ],
  ...['readable', 'writable', 'destroyed', 'closed', 'errored', 'readableEnded', 'writableEnded', 'writableFinished', 'writableNeedDrain'],
  ...['readableFlowing', 'readableObjectMode', 'writableObjectMode', 'readableLength', 'writableLength', 'map', 'toArray', 'compose'],
];
const states = ['_readableState', '_writableState'];

const prototype: object = {};

const load = (): TransformClass => {
  const { Transform } = require('readable-stream') as { readonly Transform: TransformClass };
  if (Object.getPrototypeOf(prototype) === Transform.prototype) return Transform;
  for (const member of [...members, Symbol.asyncIterator]) Reflect.deleteProperty(prototype, member);
  Object.setPrototypeOf(prototype, Transform.prototype);
  return Transform;
};

for (const member of [...members, Symbol.asyncIterator])
  Object.defineProperty(prototype, member, {
    configurable: true,
    get(this: object): unknown {
      return Reflect.get(load().prototype, member, this);
    },
  });
// The first look at its state makes the object a stream, as node's LazyTransform does.
for (const state of states)
  Object.defineProperty(prototype, state, {
    configurable: true,
    get(this: object): unknown {
      const Transform = load();
      for (const name of states) Object.defineProperty(this, name, { value: undefined, writable: true, configurable: true });
      Transform.call(this, {});
      return Reflect.get(this, state);
    },
    set(this: object, value: unknown) {
      Object.defineProperty(this, state, { value, writable: true, configurable: true });
    },
  });

export interface LazyTransform {
  push(chunk: unknown): boolean;
}
/** As a class, for `extends`. Its instances are streams by the time anybody can tell. */
export const LazyTransform = function LazyTransform() {} as unknown as new () => LazyTransform;
Object.defineProperty(LazyTransform, 'prototype', { value: prototype });
