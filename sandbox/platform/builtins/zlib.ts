// node:zlib as the image has it: names and numbers; what does the work is a part. Must never load it before somebody packs or unpacks.
import { forwardTo } from '../parts.ts';
import { makeRefusing } from './refusing.ts';

/** Name and value; a name alone is one more than the last. */
const numbers =
  'Z_NO_FLUSH=0 Z_PARTIAL_FLUSH Z_SYNC_FLUSH Z_FULL_FLUSH Z_FINISH Z_BLOCK Z_OK=0 Z_STREAM_END Z_NEED_DICT Z_ERRNO=-1 Z_STREAM_ERROR=-2 Z_DATA_ERROR=-3 Z_MEM_ERROR=-4 Z_BUF_ERROR=-5 Z_VERSION_ERROR=-6 Z_NO_COMPRESSION=0 Z_BEST_SPEED Z_BEST_COMPRESSION=9 Z_DEFAULT_COMPRESSION=-1 Z_FILTERED=1 Z_HUFFMAN_ONLY Z_RLE Z_FIXED Z_DEFAULT_STRATEGY=0 ZLIB_VERNUM=4897 DEFLATE=1 INFLATE GZIP GUNZIP DEFLATERAW INFLATERAW UNZIP BROTLI_DECODE BROTLI_ENCODE ZSTD_COMPRESS ZSTD_DECOMPRESS Z_MIN_WINDOWBITS=8 Z_MAX_WINDOWBITS=15 Z_DEFAULT_WINDOWBITS=15 Z_MIN_CHUNK=64 Z_MAX_CHUNK=Infinity Z_DEFAULT_CHUNK=16384 Z_MIN_MEMLEVEL=1 Z_MAX_MEMLEVEL=9 Z_DEFAULT_MEMLEVEL=8 Z_MIN_LEVEL=-1 Z_MAX_LEVEL=9 Z_DEFAULT_LEVEL=-1 BROTLI_OPERATION_PROCESS=0 BROTLI_OPERATION_FLUSH BROTLI_OPERATION_FINISH BROTLI_OPERATION_EMIT_METADATA BROTLI_PARAM_MODE=0 BROTLI_MODE_GENERIC=0 BROTLI_MODE_TEXT BROTLI_MODE_FONT BROTLI_DEFAULT_MODE=0 BROTLI_PARAM_QUALITY=1 BROTLI_MIN_QUALITY=0 BROTLI_MAX_QUALITY=11 BROTLI_DEFAULT_QUALITY=11 BROTLI_PARAM_LGWIN=2 BROTLI_MIN_WINDOW_BITS=10 BROTLI_MAX_WINDOW_BITS=24 BROTLI_DEFAULT_WINDOW=22 BROTLI_PARAM_LGBLOCK=3 BROTLI_PARAM_SIZE_HINT=5 BROTLI_DECODER_PARAM_LARGE_WINDOW=1 ZSTD_e_continue=0 ZSTD_e_flush ZSTD_e_end ZSTD_c_compressionLevel=100 ZSTD_CLEVEL_DEFAULT=3';

const readNumbers = (): Readonly<Record<string, number>> => {
  let last = 0;
  return Object.fromEntries(
    numbers.split(' ').map((entry) => {
      const [name = '', value] = entry.split('=');
      last = value === undefined ? last + 1 : Number(value);
      return [name, last];
    }),
  );
};

const kinds = ['deflate', 'inflate', 'gzip', 'gunzip', 'deflateRaw', 'inflateRaw', 'unzip', 'brotliDecompress'];
const classOf = (kind: string): string => kind.charAt(0).toUpperCase() + kind.slice(1);
const functions = kinds.flatMap((kind) => [kind, `${kind}Sync`, `create${classOf(kind)}`]);

const members = forwardTo('zlib', [...functions, 'crc32'].join(' '), kinds.map(classOf).join(' '));

export const zlib = makeRefusing('zlib', Object.assign(members, { constants: readNumbers() }));
