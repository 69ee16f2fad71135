// What is between two encodings is metered too, and a small frame keeps no large buffer. Must never ask a network.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { FrameReader, FrameWriter } from '../../../sandbox/protocol/frames.ts';
import { decodeBody } from './decoded.ts';
import { fillSecrets } from './secrets.ts';

/** Empty stored blocks of deflate: megabytes that unpack to nothing. */
const emptyGzip = (blocks: number): Buffer => {
  const [head, tail] = [gzipSync('').subarray(0, 10), Buffer.from([1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0])];
  return Buffer.concat([head, Buffer.alloc(blocks * 5, Buffer.from([0, 0, 0, 0xff, 0xff])), tail]);
};

for (const [blocks, fits] of [
  [10, true],
  [800_000, false],
] as const)
  test(`a form between two encodings ${fits ? 'within' : 'over'} maxBytes ${fits ? 'passes' : 'fails'}, whatever comes of it`, async () => {
    const wire = brotliCompressSync(emptyGzip(blocks));
    const { stream } = decodeBody(Readable.from([wire]), 'gzip, br', 1_000);
    const read = stream.toArray();
    if (fits) assert.deepEqual(await read, []);
    else await assert.rejects(read);
  });

test('a secret goes out as it is, whatever a replacement pattern would make of it', () => {
  const value = "pa$$word$&$'`12345";
  const secret = { value, placeholder: 'cloister_key_0123456789' };
  const uses = [{ ...secret, origin: 'https://a.example', header: 'authorization' }];
  const filled = fillSecrets([['authorization', `Bearer ${secret.placeholder}`]], 'https://a.example', uses as never, [secret] as never);
  assert.deepEqual(filled, [['authorization', `Bearer ${value}`]]);
});

test('a byte that came behind megabytes keeps none of them', async () => {
  const kept: (Uint8Array | null)[] = [];
  const reader = new FrameReader({ maxTextBytes: 8_000_000, maxRawBytes: 8_000_000 }, ({ raw }) => kept.push(raw), assert.fail);
  const parts: Uint8Array[] = [];
  const writer = new FrameWriter(
    (buffers) => parts.push(...buffers.map((part) => Buffer.from(part))),
    (flush) => setImmediate(flush),
  );
  writer.write(1, 1, 0, 0, '', new Uint8Array(4_000_000));
  writer.write(1, 2, 0, 0, '', new Uint8Array(1));
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  reader.push(Buffer.concat(parts));
  assert.deepEqual([kept.length, kept[1]?.length], [2, 1]);
  assert.ok((kept[1]?.buffer.byteLength ?? 0) <= 65_536);
});
