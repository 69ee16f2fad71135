// node:zlib in a cell: the same programs run in the isolate and in node, what one packed the other unpacks, and no input takes more memory than it may.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { brotliCompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { type Guest, openGuest } from './guest.ts';
import { zlibCases } from './zlib-cases.ts';

const require = createRequire(import.meta.url);
const runHere = async (source: string): Promise<unknown> => {
  const run = new Function('require', `return (async () => { ${source} })()`) as (given: unknown) => Promise<unknown>;
  return JSON.parse(JSON.stringify((await run(require)) ?? null));
};

describe('zlib in the isolate', () => {
  let guest: Guest;
  before(async () => {
    guest = await openGuest(5);
  });
  after(() => guest.close());

  for (const { name, source } of zlibCases) {
    test(name, async () => {
      assert.deepEqual(await guest.run(source), await runHere(source));
    });
  }

  test('what node packed it unpacks, brotli with its dictionary too, and the reverse', async () => {
    const page = `<!DOCTYPE html><html><head><title>${'Information about the government and its history. '.repeat(40)}</title></head></html>`;
    const given = [gzipSync(page).toString('base64'), brotliCompressSync(page).toString('base64')];
    const [gunzipped, unbrotlied, packed] = (await guest.run(
      `const zlib = require('zlib'); const [gz, br] = ${JSON.stringify(given)}.map((text) => Buffer.from(text, 'base64')); return [zlib.gunzipSync(gz).toString(), zlib.brotliDecompressSync(br).toString(), zlib.gzipSync(zlib.gunzipSync(gz)).toString('base64')]`,
    )) as string[];
    assert.deepEqual([gunzipped, unbrotlied], [page, page]);
    assert.equal(gunzipSync(Buffer.from(packed ?? '', 'base64')).toString(), page);
  });

  const bomb = (bytes: Buffer): string => `Buffer.from('${bytes.toString('base64')}', 'base64')`;
  for (const [name, call] of [
    ['gzip', `zlib.gunzipSync(${bomb(gzipSync(Buffer.alloc(20_000_000)))})`],
    ['brotli', `zlib.brotliDecompressSync(${bomb(brotliCompressSync(Buffer.alloc(20_000_000)))})`],
  ] as const)
    test(`a ${name} bomb ends at the cap, though nobody gave one`, async () => {
      await assert.rejects(guest.run(`const zlib = require('zlib'); return ${call}.length`), { code: 'ERR_BUFFER_TOO_LARGE' });
    });

  test('a stream that nobody reads inflates no further', async () => {
    const source = `const zlib = require('zlib'); const gunzip = zlib.createGunzip(); gunzip.end(${bomb(gzipSync(Buffer.alloc(20_000_000)))}); await new Promise((done) => setTimeout(done, 20)); return gunzip.readableLength`;
    assert.ok(((await guest.run(source)) as number) < 200_000);
  });

  for (const call of ["zlib.brotliCompressSync('x')", 'zlib.createBrotliCompress()', "zlib.zstdCompressSync('x')"])
    test(`${call} is refused by name`, async () => {
      await assert.rejects(guest.run(`const zlib = require('zlib'); ${call}`), { code: 'ERR_CAPABILITY_NOT_GRANTED', message: /zlib\./ });
    });
});
