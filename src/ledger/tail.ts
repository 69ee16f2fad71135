// Finds where the chain of an existing file stops, and what a killed writer left unfinished after it. Must never change the file.
import { hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { ledgerBounds } from './bounds.ts';
import type { LedgerHead } from './entry.ts';
import { genesis, parseLine } from './line.ts';

export interface Tail {
  readonly head: LedgerHead;
  /** Text after the last entry, without the newline at its very end; null where there is none. */
  readonly fragment: string | null;
  /** true where the last line still lacks its newline. */
  readonly open: boolean;
}

/** A fragment stays in the file; the entry after it names this, so that nothing else can pass for one. */
export const fragmentDigest = (fragment: string): string => hash('sha256', Buffer.from(fragment, 'latin1'), 'hex');

/** A line cut short is never JSON: an entry that parses and does not verify was edited, not torn. */
export const isUnfinished = (line: string): boolean => {
  try {
    JSON.parse(line);
    return false;
  } catch {
    return true;
  }
};

/** Four lines of the longest kind: more than one crash can leave. */
export const fragmentBytes = 4 * ledgerBounds.lineBytes.value;

const readEnd = async (handle: FileHandle, sizeBytes: number): Promise<string> => {
  const buffer = Buffer.alloc(Math.min(sizeBytes, fragmentBytes));
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, sizeBytes - buffer.length);
  return buffer.toString('latin1', 0, bytesRead);
};

/** A string instead of a tail says what is wrong with the file. */
export const readTail = async (handle: FileHandle, sizeBytes: number): Promise<Tail | string> => {
  if (sizeBytes === 0) return { head: genesis, fragment: null, open: false };
  const text = await readEnd(handle, sizeBytes);
  const whole = sizeBytes === text.length;
  const open = !text.endsWith('\n');
  const lines = (open ? text : text.slice(0, -1)).split('\n');
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const link = parseLine(lines[index] ?? '');
    if (link === null) continue;
    const after = lines.slice(index + 1);
    if (!after.every(isUnfinished)) return 'the lines after its last sound entry were edited';
    return { head: { sequence: link.sequence, hash: link.hash }, fragment: after.length === 0 ? null : after.join('\n'), open };
  }
  if (whole && lines.every(isUnfinished) && '{"sequence":1,'.startsWith(text.slice(0, 14)))
    return { head: genesis, fragment: lines.join('\n'), open };
  return 'it is not a ledger, or its last entries were edited';
};
