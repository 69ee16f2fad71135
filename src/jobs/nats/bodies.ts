// Bodies of jobs: in the message that puts them, or in several where they do not fit into one. Must never read one that was not written whole.
import type { Link } from './link.ts';
import type { Names } from './names.ts';
import type { Place } from './view.ts';

/** Half: headers, and what the server makes of it in an answer, need room too. */
const partBytes = (link: Link): number => Math.floor(link.mostBytes / 2);

/** How many messages of their own they need; 0: none. */
export const partsFor = (link: Link, bytes: number): number => (bytes <= partBytes(link) ? 0 : Math.ceil(bytes / partBytes(link)));

export const writeParts = async (link: Link, names: Names, token: string, bodies: Uint8Array): Promise<void> => {
  const size = partBytes(link);
  for (let nth = 0; nth < partsFor(link, bodies.length); nth += 1)
    await link.write(names.part(token, nth), null, bodies.subarray(nth * size, (nth + 1) * size), { name: `${token}.${String(nth)}` });
};

/** All bodies of one put; null: they are gone. */
export const readBodies = async (link: Link, names: Names, { seq, token, parts }: Place): Promise<Buffer | null> => {
  if (parts === 0) {
    const stored = await link.readAt(seq);
    return stored === null ? null : Buffer.from(stored.data);
  }
  const all: Uint8Array[] = [];
  for (let nth = 0; nth < parts; nth += 1) {
    const stored = await link.readLast(names.jobs, names.part(token, nth));
    if (stored === null) return null;
    all.push(stored.data);
  }
  return Buffer.concat(all);
};
