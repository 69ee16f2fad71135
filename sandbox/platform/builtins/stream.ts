// node:stream, stream/promises and stream/consumers over readable-stream. Must never read a stream ahead of its consumer.
import stream from 'readable-stream';
import { Buffer } from '../globals/buffer.ts';
import { loadReadable } from '../http/lazy-readable.ts';

// Whoever has the classes may ask a request for its class: it must be a Readable by then.
loadReadable();

type Chunks = AsyncIterable<Uint8Array | string>;

const readAll = async (source: Chunks): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
};
const readText = async (source: Chunks): Promise<string> => (await readAll(source)).toString('utf8');

export { stream };

export const streamPromises = (): unknown => stream.promises;

export const streamConsumers = {
  buffer: readAll,
  bytes: async (source: Chunks): Promise<Uint8Array> => new Uint8Array(await readAll(source)),
  arrayBuffer: async (source: Chunks): Promise<ArrayBufferLike> => new Uint8Array(await readAll(source)).buffer,
  text: readText,
  json: async (source: Chunks): Promise<unknown> => JSON.parse(await readText(source)),
};
