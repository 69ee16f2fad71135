// node:zlib for body-parser, which unpacks bodies as a stream and counts what comes out. Must never load it before such a body comes.
import { membersOf } from '../parts.ts';

const forward =
  (name: string) =>
  (options?: unknown): unknown =>
    (membersOf('zlib')[name] as (options?: unknown) => unknown)(options);

export default {
  createInflate: forward('createInflate'),
  createGunzip: forward('createGunzip'),
  createBrotliDecompress: forward('createBrotliDecompress'),
};
