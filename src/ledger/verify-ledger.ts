// Reads a ledger, file after file, from its first line and says whether the chain holds. Must never write, nor take a line on trust.
import { createReadStream } from 'node:fs';
import { CloisterError } from '../errors.ts';
import type { LedgerHead } from './entry.ts';
import { type ChainLink, genesis, parseLine } from './line.ts';
import { listLedgerFiles } from './rotation.ts';
import { fragmentBytes, fragmentDigest, isUnfinished } from './tail.ts';

export interface LedgerReport {
  readonly ok: boolean;
  /** Entries whose place in the chain was proved, up to the first bad line. */
  readonly entries: number;
  /** How many files the chain goes over. */
  readonly files: number;
  /** Places where a killed writer left an unfinished line: a nuisance, not an edit. */
  readonly torn: number;
  /** The last entry that was proved. */
  readonly head: LedgerHead;
  /** The file that has it. */
  readonly firstBadFile?: string;
  /** Counted from 1, in its file. */
  readonly firstBadLine?: number;
  readonly reason?: string;
}

interface Bad {
  readonly line: number;
  readonly reason: string;
}

interface Walk {
  /** In the file that is read. */
  line: number;
  entries: number;
  torn: number;
  head: LedgerHead;
  /** Lines that are no entries, since the last one that was. */
  fragment: string[];
  fragmentChars: number;
}

const isTornEntry = (link: ChainLink, fragment: string): boolean =>
  link.fields.kind === 'life' && link.fields.event === 'ledger.torn' && link.fields.subject === fragmentDigest(fragment);

const judgeLink = (walk: Walk, link: ChainLink, anchor: LedgerHead | undefined): string | null => {
  if (link.sequence !== walk.head.sequence + 1)
    return `entry ${link.sequence} follows entry ${walk.head.sequence}: entries are missing, doubled or out of order`;
  if (link.previous !== walk.head.hash) return 'the entry does not follow from the one before it';
  if (anchor?.sequence === link.sequence && anchor.hash !== link.hash) return 'the entry is not the one that was noted down';
  return null;
};

const takeLine = (walk: Walk, line: string, anchor: LedgerHead | undefined): Bad | null => {
  walk.line += 1;
  const fragmentLine = walk.line - walk.fragment.length;
  const link = parseLine(line);
  if (link === null) {
    if (!isUnfinished(line)) return { line: walk.line, reason: 'the line was edited: its hash does not hold' };
    walk.fragment.push(line);
    walk.fragmentChars += line.length + 1;
    return walk.fragmentChars > fragmentBytes ? { line: fragmentLine, reason: 'the line is no entry' } : null;
  }
  if (walk.fragment.length > 0) {
    if (!isTornEntry(link, walk.fragment.join('\n')))
      return { line: fragmentLine, reason: 'the line is no entry, and the next one does not account for it' };
    walk.torn += 1;
    walk.fragment = [];
    walk.fragmentChars = 0;
  }
  const reason = judgeLink(walk, link, anchor);
  if (reason !== null) return { line: walk.line, reason };
  walk.head = { sequence: link.sequence, hash: link.hash };
  walk.entries += 1;
  return null;
};

const walkFile = async (file: string, walk: Walk, anchor: LedgerHead | undefined): Promise<Bad | null> => {
  let carry = '';
  walk.line = 0;
  for await (const chunk of createReadStream(file, { encoding: 'latin1' })) {
    const lines = (carry + String(chunk)).split('\n');
    carry = lines.pop() ?? '';
    for (const line of lines) {
      const bad = takeLine(walk, line, anchor);
      if (bad !== null) return bad;
    }
    // A file without newlines must not be gathered whole.
    if (carry.length > fragmentBytes) return { line: walk.line + 1, reason: 'the line is no entry' };
  }
  const bad = carry === '' ? null : takeLine(walk, carry, anchor);
  if (bad !== null) return bad;
  return null;
};

/** What only the end of the last file shows. */
const judgeEnd = (walk: Walk, anchor: LedgerHead | undefined): Bad | null => {
  if (walk.fragment.length > 0) walk.torn += 1;
  if (anchor === undefined || anchor.sequence <= walk.head.sequence) return null;
  return {
    line: walk.line + 1,
    reason: `the ledger ends at entry ${walk.head.sequence}, before entry ${anchor.sequence} that was noted down`,
  };
};

const unreadable = (file: string, error: unknown): CloisterError =>
  new CloisterError(
    'ERR_LEDGER_UNAVAILABLE',
    `the ledger file ${JSON.stringify(file)} cannot be read: ${error instanceof Error ? error.message : String(error)}; name the file that the \`ledger\` option names`,
    {},
    { cause: error },
  );

export interface VerifyOptions {
  /** A head noted down elsewhere: whoever can write the files can also make a new chain, or cut lines off its end. This shows both. */
  readonly anchor?: LedgerHead;
  /** The entry before the first one that is there, where earlier files were archived. */
  readonly after?: LedgerHead;
}

/** Proves the chain over the file and those that were put away before it. */
export const verifyLedger = async (file: string, { anchor, after = genesis }: VerifyOptions = {}): Promise<LedgerReport> => {
  const walk: Walk = { line: 0, entries: 0, torn: 0, head: after, fragment: [], fragmentChars: 0 };
  const files = await listLedgerFiles(file);
  let bad: Bad | null = null;
  let current = file;
  for (current of files) {
    try {
      bad = await walkFile(current, walk, anchor);
    } catch (error) {
      // Put away, and the next one never begun: nothing is missing.
      if (current === file && files.length > 1 && (error as NodeJS.ErrnoException).code === 'ENOENT') break;
      throw unreadable(current, error);
    }
    if (bad !== null) break;
  }
  bad ??= judgeEnd(walk, anchor);
  const report = {
    ok: bad === null && (walk.entries > 0 || walk.line === 0),
    entries: walk.entries,
    files: files.length,
    torn: walk.torn,
    head: walk.head,
  };
  return bad === null ? report : { ...report, firstBadFile: current, firstBadLine: bad.line, reason: bad.reason };
};
