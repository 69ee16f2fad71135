// A prototype that becomes readable-stream's Readable when something only a stream has is touched: most requests are never read as one. Must never differ from the real prototype once it is there.
import { EventEmitter } from 'events/';
import type { Readable } from 'readable-stream';

// esbuild turns require() with a literal into a call of that module's wrapper; no require exists when this runs.
declare const require: (name: string) => unknown;

interface ReadableClass {
  /** Its constructor may be called on an object that already exists. */
  call(self: object, options: object): void;
  readonly prototype: Readable;
}

/** The members of Readable.prototype that EventEmitter's does not have; a test compares them with the real ones. */
export const streamMembers: readonly PropertyKey[] = [
  'destroy',
  '_undestroy',
  '_destroy',
  'push',
  'unshift',
  'isPaused',
  'setEncoding',
  'read',
  '_read',
  'pipe',
  'unpipe',
  'resume',
  'pause',
  'wrap',
  'iterator',
  'readable',
  'readableDidRead',
  'readableAborted',
  'readableHighWaterMark',
  'readableBuffer',
  'readableFlowing',
  'readableLength',
  'readableObjectMode',
  'readableEncoding',
  'errored',
  'closed',
  'destroyed',
  'readableEnded',
  'asIndexedPairs',
  'drop',
  'filter',
  'flatMap',
  'map',
  'take',
  'compose',
  'every',
  'forEach',
  'reduce',
  'toArray',
  'some',
  'find',
  Symbol.asyncIterator,
  Symbol.asyncDispose,
];

/** Stands between IncomingMessage.prototype and Readable.prototype. */
export const lazyReadablePrototype = Object.create(EventEmitter.prototype) as Readable;

let loaded: ReadableClass | undefined;

/** Loads streams, and makes every request one. */
export const loadReadable = (): ReadableClass => {
  if (loaded !== undefined) return loaded;
  loaded = (require('readable-stream') as { readonly Readable: ReadableClass }).Readable;
  for (const member of streamMembers) Reflect.deleteProperty(lazyReadablePrototype, member);
  Object.setPrototypeOf(lazyReadablePrototype, loaded.prototype);
  return loaded;
};

for (const member of streamMembers) {
  Object.defineProperty(lazyReadablePrototype, member, {
    configurable: true,
    get(this: object): unknown {
      return Reflect.get(loadReadable().prototype, member, this);
    },
    set(this: object, value: unknown) {
      Reflect.set(loadReadable().prototype, member, value, this);
    },
  });
}
