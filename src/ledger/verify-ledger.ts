// Reads a ledger file from its first line and says whether the chain holds. Must never write, nor take a line on trust.
import { createReadStream } from 'node:fs';
import { CloisterError } from '../errors.ts';
import type { LedgerHead } from './entry.ts';
import { type ChainLink, genesis, parseLine } from './line.ts';
import { fragmentBytes, fragmentDigest, isUnfinished } from './tail.ts';

export interface LedgerReport {
  readonly ok: boolean;
  /** Entries whose place in the chain was proved, up to the first bad line. */
  readonly entries: number;
  /** Places where a killed writer left an unfinished line: a nuisance, not an edit. */
  readonly torn: number;
  /** The last entry that was proved. */
  readonly head: LedgerHead;
  /** Counted from 1. */
  readonly firstBadLine?: number;
  readonly reason?: string;
}

interface Bad {
  readonly line: number;
  readonly reason: string;
}

interface Walk {
  line: number;
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
  return null;
};

const walkFile = async (file: string, walk: Walk, anchor: LedgerHead | undefined): Promise<Bad | null> => {
  let carry = '';
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
  if (walk.fragment.length > 0) walk.torn += 1;
  if (anchor !== undefined && anchor.sequence > walk.head.sequence)
    return {
      line: walk.line + 1,
      reason: `the file ends at entry ${walk.head.sequence}, before entry ${anchor.sequence} that was noted down`,
    };
  return null;
};

/**
 * Proves the chain. Whoever can write the file can also make a new chain: `anchor`, a head noted down elsewhere, shows that too,
 * and shows lines cut off at the end.
 */
export const verifyLedger = async (file: string, anchor?: LedgerHead): Promise<LedgerReport> => {
  const walk: Walk = { line: 0, torn: 0, head: genesis, fragment: [], fragmentChars: 0 };
  let bad: Bad | null;
  try {
    bad = await walkFile(file, walk, anchor);
  } catch (error) {
    throw new CloisterError(
      'ERR_LEDGER_UNAVAILABLE',
      `the ledger file ${JSON.stringify(file)} cannot be read: ${error instanceof Error ? error.message : String(error)}; name the file that the \`ledger\` option names`,
      {},
      { cause: error },
    );
  }
  const report = {
    ok: bad === null && (walk.head.sequence > 0 || walk.line === 0),
    entries: walk.head.sequence,
    torn: walk.torn,
    head: walk.head,
  };
  return bad === null ? report : { ...report, firstBadLine: bad.line, reason: bad.reason };
};
