// Types of the third-party modules the guest bundle is made of, no wider than what the platform uses. Must never describe anything of the host.

declare module 'events/' {
  export class EventEmitter {
    static defaultMaxListeners: number;
    static once(emitter: EventEmitter, event: string | symbol): Promise<unknown[]>;
    static listenerCount(emitter: EventEmitter, event: string | symbol): number;
    on(event: string | symbol, listener: (...args: never[]) => void): this;
    addListener(event: string | symbol, listener: (...args: never[]) => void): this;
    once(event: string | symbol, listener: (...args: never[]) => void): this;
    prependOnceListener(event: string | symbol, listener: (...args: never[]) => void): this;
    off(event: string | symbol, listener: (...args: never[]) => void): this;
    removeListener(event: string | symbol, listener: (...args: never[]) => void): this;
    setMaxListeners(count: number): this;
    emit(event: string | symbol, ...args: unknown[]): boolean;
    listenerCount(event: string | symbol): number;
    listeners(event: string | symbol): ((...args: never[]) => void)[];
  }
  export default EventEmitter;
}

declare module 'readable-stream' {
  import type { EventEmitter } from 'events/';
  export interface Readable extends EventEmitter {
    readonly readable: boolean;
    readonly readableEnded: boolean;
    readonly destroyed: boolean;
    _read(size: number): void;
    _destroy(error: Error | null, callback: (error?: Error | null) => void): void;
    push(chunk: Uint8Array | string | null): boolean;
    resume(): this;
    destroy(error?: Error): this;
    [Symbol.asyncIterator](): AsyncIterator<unknown>;
  }
  /** A function, not a class: its constructor is called on objects that already exist. */
  export const Readable: { new (options?: object): Readable; call(self: object, options?: object): void; prototype: Readable };
  export const Duplex: { new (options?: object): Duplex; prototype: Duplex };
  export interface Duplex extends Readable {
    end(chunk?: Uint8Array | string): this;
  }
  export class Writable extends EventEmitter {
    constructor(options?: object);
    readonly destroyed: boolean;
    readonly writableEnded: boolean;
    readonly writableFinished: boolean;
    end(chunk?: Uint8Array | string): this;
    destroy(error?: Error): this;
    _write(chunk: Uint8Array, encoding: string, done: (error?: Error | null) => void): void;
    _final(done: (error?: Error | null) => void): void;
    _destroy(error: Error | null, done: (error?: Error | null) => void): void;
  }
  export class Transform extends Writable {
    readonly writable: boolean;
    push(chunk: Uint8Array | string | null): boolean;
    write(chunk: Uint8Array | string, callback?: (error?: Error | null) => void): boolean;
    _read(size: number): void;
    _transform(chunk: Uint8Array, encoding: string, done: (error?: Error | null) => void): void;
    _flush(done: (error?: Error | null) => void): void;
  }
  const stream: Record<string, unknown>;
  export default stream;
}

declare module 'buffer/' {
  export interface Buffer extends Uint8Array {
    toString(encoding?: string, start?: number, end?: number): string;
    write(text: string, offset?: number | string, length?: number | string, encoding?: string): number;
    fill(value: unknown, offset?: unknown, end?: unknown, encoding?: unknown): this;
  }
  interface BufferConstructor {
    prototype: Buffer;
    from(value: unknown, encodingOrOffset?: unknown, length?: number): Buffer;
    alloc(size: number, fill?: unknown, encoding?: string): Buffer;
    allocUnsafe(size: number): Buffer;
    byteLength(value: unknown, encoding?: string): number;
    isEncoding(encoding: unknown): boolean;
    isBuffer(value: unknown): value is Buffer;
    concat(list: readonly Uint8Array[], total?: number): Buffer;
    [Symbol.species]?: unknown;
  }
  export const Buffer: BufferConstructor;
  export const SlowBuffer: unknown;
  export const kMaxLength: number;
}

declare module 'string_decoder/' {
  export class StringDecoder {
    constructor(encoding?: string);
    write(bytes: Uint8Array): string;
    end(bytes?: Uint8Array): string;
  }
}

declare module 'path-browserify' {
  const path: Record<string, unknown>;
  export default path;
}

declare module 'url/' {
  const url: Record<string, unknown>;
  export default url;
}

declare module 'punycode/' {
  export const toASCII: (domain: string) => string;
  export const toUnicode: (domain: string) => string;
  const punycode: Record<string, unknown>;
  export default punycode;
}

declare module 'fast-querystring' {
  export const parse: (text: string) => Record<string, string | string[]>;
  export const stringify: (value: unknown) => string;
}

declare module 'whatwg-url' {
  export const URL: new (
    input: string,
    base?: string,
  ) => {
    protocol: string;
    hostname: string;
    pathname: string;
    search: string;
    hash: string;
    href: string;
    port: string;
    username: string;
    password: string;
    host: string;
  };
  export const URLSearchParams: new (init?: unknown) => object;
}

/** The one proxy-addr uses. */
declare module 'cloister:real/ipaddr.js' {
  interface Kind {
    isValid(text: string): boolean;
    isValidFourPartDecimal(text: string): boolean;
  }
  const ipaddr: { readonly IPv4: Kind; readonly IPv6: Kind };
  export default ipaddr;
}

/** Express 4 or 5, as the build profile says. */
declare module 'cloister:express' {
  const express: { (): unknown; readonly Router: unknown };
  export default express;
  export const major: 4 | 5;
}

declare module 'brotli/dec/decode.js' {
  export const BrotliDecompress: (input: object, output: object) => void;
}
declare module 'brotli/dec/streams.js' {
  export const BrotliInput: new (bytes: Uint8Array) => object;
}
declare module 'brotli/dec/dictionary-browser.js' {
  export const init: () => Uint8Array;
}
