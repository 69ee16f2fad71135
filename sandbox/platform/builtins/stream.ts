// node:stream, stream/promises, stream/consumers and stream/web over readable-stream. Must never read a stream ahead of its consumer.
import stream from 'readable-stream';
import { Buffer } from '../globals/buffer.ts';
import { loadReadable } from '../http/lazy-readable.ts';
import { lazyNodeWeb, lazyWebStreams } from '../lazy.ts';

// Whoever has the classes may ask a request for its class: it must be a Readable by then.
loadReadable();

type Step = (...args: unknown[]) => unknown;
interface Classes {
  readonly Readable: Record<string, unknown>;
  readonly Writable: Record<string, unknown>;
  readonly Duplex: Record<string, unknown>;
  pipeline: Step;
  finished: Step;
  readonly promises: { pipeline: Step; finished: Step };
}
const classes = stream as unknown as Classes;

classes.Readable['toWeb'] = (source: never, options: never) => lazyNodeWeb().readableToWeb(source, options);
classes.Readable['fromWeb'] = (source: never, options: never) => lazyNodeWeb().readableFromWeb(source, options);
classes.Writable['toWeb'] = (sink: never) => lazyNodeWeb().writableToWeb(sink);
classes.Writable['fromWeb'] = (target: never, options: never) => lazyNodeWeb().writableFromWeb(target, options);
classes.Duplex['toWeb'] = (duplex: never) => lazyNodeWeb().duplexToWeb(duplex);
classes.Duplex['fromWeb'] = (pair: never, options: never) => lazyNodeWeb().duplexFromWeb(pair, options);

const isFunction = (value: unknown): boolean => typeof value === 'function';
/** A web stream, or a pair of them. */
const isWeb = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  const { getReader, getWriter, readable, pipe, on } = value as Record<string, unknown>;
  if (isFunction(pipe) || isFunction(on)) return false;
  return (
    isFunction(getReader) || isFunction(getWriter) || isFunction((readable as { readonly getReader?: unknown } | undefined)?.getReader)
  );
};
const asNode = (value: unknown): unknown => (isWeb(value) ? lazyNodeWeb().asNodeStream(value) : value);
/** readable-stream asks a web stream for what only node's own have. */
const overWeb = (step: Step, name: string): Step =>
  Object.defineProperties((...args: unknown[]) => step(...args.map((one) => (Array.isArray(one) ? one.map(asNode) : asNode(one)))), {
    ...Object.getOwnPropertyDescriptors(step),
    name: { value: name, configurable: true },
  }) as Step;

classes.promises.pipeline = overWeb(classes.promises.pipeline, 'pipeline');
classes.promises.finished = overWeb(classes.promises.finished, 'finished');
classes.pipeline = overWeb(classes.pipeline, 'pipeline');
classes.finished = overWeb(classes.finished, 'finished');

type Chunks = AsyncIterable<Uint8Array | string>;

const readAll = async (source: Chunks): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
};
const readText = async (source: Chunks): Promise<string> => (await readAll(source)).toString('utf8');

export { stream };

export const streamPromises = (): unknown => classes.promises;
export const streamWeb = (): unknown => lazyWebStreams();

export const streamConsumers = {
  buffer: readAll,
  bytes: async (source: Chunks): Promise<Uint8Array> => new Uint8Array(await readAll(source)),
  arrayBuffer: async (source: Chunks): Promise<ArrayBufferLike> => new Uint8Array(await readAll(source)).buffer,
  text: readText,
  json: async (source: Chunks): Promise<unknown> => JSON.parse(await readText(source)),
};
