// The part `zlib`: deflate and its kin both ways, evaluated when an extension first uses them. Must never be imported by a file of the image.
import { nameMembers } from '../names.ts';
import { crc32, once } from '../zlib/once.ts';
import { BrotliDecompress, Deflate, DeflateRaw, Gunzip, Gzip, Inflate, InflateRaw, Unzip } from '../zlib/streams.ts';
import { webZlib } from '../zlib/web.ts';

const classes = nameMembers({ Deflate, DeflateRaw, Gunzip, Gzip, Inflate, InflateRaw, Unzip, BrotliDecompress });

const makers = Object.fromEntries(
  Object.entries(classes).map(([name, Class]) => [`create${name}`, (options?: unknown): object => new Class(options)]),
);

/** Every member of node:zlib that works, and the web's two streams. */
export const members = { ...classes, ...makers, ...once, crc32, ...webZlib };
