// Where full ledger files go and in which order they are read. Must never rename over a file that is there, nor trust a name for the order.
import { link, open, readdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { ledgerBounds } from './bounds.ts';

const firstSequence = /^\{"sequence":([1-9][0-9]{0,15}),/;

const nameParts = (file: string): { readonly folder: string; readonly stem: string; readonly ending: string } => {
  const ending = extname(file);
  return { folder: dirname(file), stem: basename(file, ending), ending };
};

/** The sequence of the first line that is an entry; null where the file begins with none. */
const readFirstSequence = async (file: string): Promise<number | null> => {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(ledgerBounds.lineBytes.value), 0, ledgerBounds.lineBytes.value, 0);
    for (const line of buffer.toString('latin1', 0, bytesRead).split('\n')) {
      const sequence = firstSequence.exec(line)?.[1];
      if (sequence !== undefined) return Number(sequence);
    }
    return null;
  } finally {
    await handle.close();
  }
};

/** `ledger.ndjson` becomes `ledger.<first sequence>.ndjson`: a name that says what is in it and is never used twice. */
const rotatedName = (file: string, firstSequence: number): string => {
  const { folder, stem, ending } = nameParts(file);
  return join(folder, `${stem}.${String(firstSequence).padStart(16, '0')}${ending}`);
};

/** The full files of this ledger, in the order of what they hold. */
export const findRotated = async (file: string): Promise<readonly string[]> => {
  const { folder, stem, ending } = nameParts(file);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const isOurs = (name: string): boolean =>
    name.startsWith(`${stem}.`) && name.endsWith(ending) && /^[0-9]{16}$/.test(name.slice(stem.length + 1, name.length - ending.length));
  const found: { readonly path: string; readonly first: number }[] = [];
  for (const { name } of entries.filter((entry) => entry.isFile() && isOurs(entry.name))) {
    const path = join(folder, name);
    found.push({ path, first: (await readFirstSequence(path)) ?? Number.MAX_SAFE_INTEGER });
  }
  return found.toSorted((left, right) => left.first - right.first).map(({ path }) => path);
};

/** A process that was killed between the two steps of putting a file away left it with two names. */
export const hasTwoNames = async (last: string | undefined, file: string): Promise<boolean> => {
  if (last === undefined) return false;
  const [one, other] = await Promise.all([stat(last), stat(file).catch(() => null)]);
  return other !== null && one.ino === other.ino && one.dev === other.dev;
};

/** The files of a ledger in the order of their entries, what was put away first, each once. */
export const listLedgerFiles = async (file: string): Promise<readonly string[]> => {
  const rotated = await findRotated(file);
  return (await hasTwoNames(rotated.at(-1), file)) ? rotated : [...rotated, file];
};

/** Puts a full file away under a name of its own. */
export const putAway = async (file: string): Promise<void> => {
  const first = await readFirstSequence(file);
  if (first === null) throw new Error('it begins with no entry');
  // A link and not a rename: a rename would replace what is there without a word.
  await link(file, rotatedName(file, first));
  await unlink(file);
};
