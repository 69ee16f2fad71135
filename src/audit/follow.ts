// Gives a ledger's new entries as they are written, over the change of files. Must never write, nor hold the file open for ever.
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerEntry } from '../ledger/entry.ts';
import { parseLine } from '../ledger/line.ts';

const pollMs = 200;
const pieceBytes = 1024 * 1024;

interface Position {
  handle: FileHandle;
  at: number;
  carry: string;
}

const readNew = async (position: Position): Promise<readonly string[]> => {
  const { buffer, bytesRead } = await position.handle.read(Buffer.alloc(pieceBytes), 0, pieceBytes, position.at);
  position.at += bytesRead;
  const lines = (position.carry + buffer.toString('latin1', 0, bytesRead)).split('\n');
  position.carry = lines.pop() ?? '';
  return lines;
};

const isReplaced = async (file: string, handle: FileHandle): Promise<boolean> => {
  const [now, held] = await Promise.all([stat(file).catch(() => null), handle.stat()]);
  return now !== null && (now.ino !== held.ino || now.dev !== held.dev);
};

/** From the file's present end on, until the signal fires. */
export async function* followLedger(file: string, signal: AbortSignal): AsyncGenerator<LedgerEntry> {
  const handle = await open(file, 'r');
  const position: Position = { handle, at: (await handle.stat()).size, carry: '' };
  try {
    while (!signal.aborted) {
      // Asked before reading: what was written before the change is in the old file.
      const replaced = await isReplaced(file, position.handle);
      const lines = await readNew(position);
      for (const line of lines) {
        const link = parseLine(line);
        if (link !== null) yield link.fields as unknown as LedgerEntry;
      }
      if (lines.length > 0) continue;
      if (replaced) {
        await position.handle.close();
        position.handle = await open(file, 'r');
        position.at = 0;
        position.carry = '';
        continue;
      }
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await position.handle.close();
  }
}
