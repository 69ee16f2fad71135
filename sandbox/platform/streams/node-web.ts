// Between node's streams and the web's, both ways, with back-pressure. Must never read ahead of whoever takes the data.
import { Duplex, Readable, Writable } from 'readable-stream';
import { makeNodeError } from '../http/node-error.ts';
import { webStreams } from './web-streams.ts';

type WebReadable = ReadableStream<unknown>;
type WebWritable = WritableStream<unknown>;
interface WebPair {
  readonly readable: WebReadable;
  readonly writable: WebWritable;
}

/** What node's streams have and our types of them leave out. */
interface Stateful {
  readonly errored?: Error | null;
  readonly closed?: boolean;
  readonly readableObjectMode?: boolean;
  readonly writableObjectMode?: boolean;
  readonly readableHighWaterMark?: number;
  readonly writableHighWaterMark?: number;
  readonly writableNeedDrain?: boolean;
  readonly readableEnded?: boolean;
  readonly writableFinished?: boolean;
  readonly writableEnded?: boolean;
  readonly destroyed: boolean;
}
type NodeReadable = Readable & Stateful & { read(): unknown; pause(): unknown };
type NodeWritable = Writable & Stateful & { write(chunk: unknown, done?: (error?: Error | null) => void): boolean };

const prematureClose = (): Error => makeNodeError(Error, 'ERR_STREAM_PREMATURE_CLOSE', 'Premature close');
const asBytes = (chunk: unknown): unknown =>
  ArrayBuffer.isView(chunk) && !(chunk instanceof DataView) ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength) : chunk;
const given = (error: unknown): Error | undefined =>
  error === undefined || error === null ? undefined : error instanceof Error ? error : new Error(String(error), { cause: error });

/** Readable.toWeb: what node's stream has read is offered one chunk at a time. */
export const readableToWeb = (source: NodeReadable, options: { readonly strategy?: QueuingStrategy<unknown> } = {}): WebReadable => {
  const { ReadableStream } = webStreams;
  const strategy =
    options.strategy ??
    (source.readableObjectMode === true
      ? { highWaterMark: source.readableHighWaterMark ?? 16 }
      : { highWaterMark: source.readableHighWaterMark ?? 65_536, size: (chunk: unknown) => (chunk as Uint8Array).byteLength ?? 1 });
  let isOver = false;
  source.pause();
  return new ReadableStream<unknown>(
    {
      start: (controller) => {
        const finish = (act: () => void): void => {
          if (isOver) return;
          isOver = true;
          act();
        };
        source.on('data', (chunk: unknown) => {
          if (isOver) return;
          controller.enqueue(source.readableObjectMode === true ? chunk : asBytes(chunk));
          if ((controller.desiredSize ?? 0) <= 0) source.pause();
        });
        source.on('end', () => finish(() => controller.close()));
        source.on('error', (error: Error) => finish(() => controller.error(error)));
        source.on('close', () => finish(() => controller.error(source.errored ?? prematureClose())));
        if (source.destroyed)
          finish(() => (source.readableEnded === true ? controller.close() : controller.error(source.errored ?? prematureClose())));
        else source.pause();
      },
      pull: () => void source.resume(),
      cancel: (reason) => {
        isOver = true;
        source.on('error', () => undefined);
        source.destroy(given(reason));
      },
    },
    strategy as never,
  ) as unknown as WebReadable;
};

/** Readable.fromWeb: asks the web's stream for a chunk when node's has room. */
export const readableFromWeb = (source: WebReadable, options: object = {}): Readable => {
  const reader = source.getReader();
  let isOver = false;
  const readable: Readable = new Readable({
    ...options,
    read: () => {
      reader.read().then(
        ({ done, value }) => {
          if (done) isOver = true;
          readable.push(done ? null : (value as Uint8Array));
        },
        (error: unknown) => {
          isOver = true;
          readable.destroy(given(error));
        },
      );
    },
    destroy: (error: Error | null, done: (error?: Error | null) => void) => {
      if (isOver) return done(error);
      isOver = true;
      const finish = (): void => done(error);
      reader.cancel(error ?? undefined).then(finish, finish);
    },
  });
  return readable;
};

/** Writable.toWeb: a write is done when node's stream wants the next. */
export const writableToWeb = (sink: NodeWritable): WebWritable => {
  const { WritableStream } = webStreams;
  let isOver = false;
  let waiting: { resolve(): void; reject(error: unknown): void } | null = null;
  const settle = (error?: unknown): void => {
    const waiter = waiting;
    waiting = null;
    if (waiter === null) return;
    if (error === undefined) waiter.resolve();
    else waiter.reject(error);
  };
  const until = (): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject };
    });
  return new WritableStream<unknown>(
    {
      start: (controller) => {
        const fail = (error: Error): void => {
          if (isOver) return;
          isOver = true;
          controller.error(error);
          settle(error);
        };
        sink.on('drain', () => settle());
        sink.on('error', fail);
        sink.on('finish', () => {
          isOver = true;
          settle();
        });
        sink.on('close', () => fail(sink.errored ?? prematureClose()));
      },
      write: (chunk) => {
        if (sink.write(chunk instanceof ArrayBuffer ? new Uint8Array(chunk) : chunk) && sink.writableNeedDrain !== true) return undefined;
        return until();
      },
      close: () => {
        if (sink.writableFinished === true) return undefined;
        const finished = until();
        sink.end();
        return finished;
      },
      abort: (reason) => {
        isOver = true;
        sink.on('error', () => undefined);
        sink.destroy(given(reason));
      },
    },
    { highWaterMark: sink.writableObjectMode === true ? (sink.writableHighWaterMark ?? 16) : 1 } as never,
  ) as unknown as WebWritable;
};

/** The write and end of a node stream that passes on to a web writer. */
const writerMethods = (target: WebWritable): { readonly methods: object; abandon(error: Error | null): Promise<void> } => {
  const writer = target.getWriter();
  writer.closed.catch(() => undefined);
  let isOver = false;
  const after = (promise: Promise<unknown>, done: (error?: Error | null) => void): void =>
    void promise.then(
      () => done(),
      (error: unknown) => done(given(error) ?? new Error('aborted')),
    );
  return {
    methods: {
      write: (chunk: unknown, _encoding: string, done: (error?: Error | null) => void) =>
        after(
          writer.ready.then(() => writer.write(chunk)),
          done,
        ),
      final: (done: (error?: Error | null) => void) => {
        isOver = true;
        after(writer.close(), done);
      },
    },
    abandon: async (error) => {
      if (isOver) return;
      isOver = true;
      await writer.abort(error ?? undefined).catch(() => undefined);
    },
  };
};

export const writableFromWeb = (target: WebWritable, options: object = {}): Writable => {
  const { methods, abandon } = writerMethods(target);
  return new Writable({
    ...options,
    ...methods,
    destroy: (error: Error | null, done: (error?: Error | null) => void) => void abandon(error).then(() => done(error)),
  });
};

export const duplexFromWeb = ({ readable, writable }: WebPair, options: object = {}): Duplex => {
  const source = readableFromWeb(readable, options) as NodeReadable;
  const { methods, abandon } = writerMethods(writable);
  const duplex: Duplex = new Duplex({
    ...options,
    ...methods,
    read: () => void source.resume(),
    destroy: (error: Error | null, done: (error?: Error | null) => void) => {
      source.destroy();
      void abandon(error).then(() => done(error));
    },
  });
  source.pause();
  source.on('data', (chunk: Uint8Array) => {
    if (!duplex.push(chunk)) source.pause();
  });
  source.on('end', () => duplex.push(null));
  source.on('error', (error: Error) => duplex.destroy(error));
  return duplex;
};

export const duplexToWeb = (duplex: NodeReadable & NodeWritable): WebPair => ({
  readable: readableToWeb(duplex),
  writable: writableToWeb(duplex),
});

const has = (value: unknown, name: string): boolean =>
  typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[name] === 'function';

/** A web stream as node's, for pipeline and finished; anything else as it is. */
export const asNodeStream = (value: unknown): unknown => {
  if (has(value, 'pipe') || has(value, 'on')) return value;
  if (has(value, 'getReader')) return readableFromWeb(value as WebReadable, { objectMode: true });
  if (has(value, 'getWriter')) return writableFromWeb(value as WebWritable, { objectMode: true });
  const { readable, writable } = (value ?? {}) as Partial<WebPair>;
  if (has(readable, 'getReader') && has(writable, 'getWriter')) return duplexFromWeb(value as WebPair, { objectMode: true });
  return value;
};
