// Report and suggestion as calls that return data: what the command line prints, an embedder gets. Must never write.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { learningsOf, makeBaseline, makeRegistry } from '../capabilities/registry.ts';
import { parseJson } from '../config/json.ts';
import { type Manifest, parseManifest } from '../config/manifest.ts';
import { CloisterError } from '../errors.ts';
import { readLedger } from '../ledger/read-ledger.ts';
import { parseSince } from './filter.ts';
import { type MeterRow, type MeterSpan, readMeter } from './meter.ts';
import { readTallies } from './read-tallies.ts';
import { type ExtensionReport, makeReport } from './report.ts';
import { makeSuggestion, type Suggestion } from './suggest.ts';

export interface AuditOptions {
  /** The file that the option `ledger.file` names. */
  readonly ledger: string;
  readonly extension?: string;
  readonly tenant?: string;
  /** `30m`, `12h`, `7d`, or a time as ISO 8601 writes it. */
  readonly since?: string;
}

export interface AuditReport {
  readonly extensions: readonly ExtensionReport[];
  /** Lines of the ledger that are no entries. */
  readonly unreadable: number;
}

export interface AuditSuggestion extends Suggestion {
  /** Where the package lies. */
  readonly folder: string;
  readonly unreadable: number;
}

export interface MeterOptions extends AuditOptions {
  /** Spans the sums are of; UTC. */
  readonly by?: MeterSpan;
  /** Also the span that is not over yet, whose sums will still grow. */
  readonly partial?: boolean;
}

export interface AuditMeter {
  readonly rows: readonly MeterRow[];
  readonly unreadable: number;
}

const readable = async <Result>(ledger: string, read: () => Promise<Result>): Promise<Result> => {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CloisterError) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    throw new CloisterError(
      'ERR_OPTIONS_INVALID',
      `the ledger ${ledger}: ${cause}; name the file that the \`ledger\` option names`,
      {},
      { cause: error },
    );
  }
};

const readAll = async ({ ledger, extension, tenant, since }: AuditOptions) => {
  const registry = makeRegistry();
  const learnings = learningsOf(registry);
  let unreadable = 0;
  const entries = readLedger(ledger, () => {
    unreadable += 1;
  });
  const filter = {
    ...(extension === undefined ? {} : { extension }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(since === undefined ? {} : { sinceMs: parseSince(since, Date.now()) }),
  };
  const tallies = await readable(ledger, () => readTallies(entries, learnings, filter));
  return { registry, learnings, tallies, unreadable };
};

/** What each extension did, against what it was given. */
export const auditReport = async (options: AuditOptions): Promise<AuditReport> => {
  const { learnings, tallies, unreadable } = await readAll(options);
  return { extensions: [...tallies].map(([id, tally]) => makeReport(id, tally, learnings)), unreadable };
};

/** Who used how much of what, in spans that are over. */
export const auditMeter = async ({ ledger, extension, tenant, since, by = 'hour', partial = false }: MeterOptions): Promise<AuditMeter> => {
  let unreadable = 0;
  const entries = readLedger(ledger, () => {
    unreadable += 1;
  });
  const filter = {
    ...(extension === undefined ? {} : { extension }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(since === undefined ? {} : { sinceMs: parseSince(since, Date.now()) }),
    untilMs: partial ? Number.POSITIVE_INFINITY : Date.now(),
  };
  const rows = await readable(ledger, () => readMeter(entries, by, filter));
  return { rows, unreadable };
};

/** null: it has no manifest. */
const readManifest = async (folder: string, contracts: Parameters<typeof parseManifest>[2]): Promise<Manifest | null> => {
  const file = path.join(folder, 'package.json');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  const json = parseJson(text, file, 'ERR_PACKAGE_INVALID');
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, 'cloister')) return null;
  return parseManifest((json as { readonly cloister: unknown }).cloister, `${file}#/cloister`, contracts);
};

/** The least manifest for what was seen. `folder`: where its package lies, if not where it was loaded from last. */
export const auditSuggest = async (
  extension: string,
  options: Omit<AuditOptions, 'extension'> & { readonly folder?: string },
): Promise<AuditSuggestion> => {
  const { registry, learnings, tallies, unreadable } = await readAll({ ...options, extension });
  const tally = tallies.get(extension);
  if (tally === undefined)
    throw new CloisterError('ERR_OPTIONS_INVALID', `audit suggest ${extension}: the ledger ${options.ledger} has nothing of it`);
  const folder = options.folder ?? tally.folder;
  const contracts = registry.map(({ capability }) => capability.contract);
  const today = folder === '' ? null : await readManifest(folder, contracts);
  const suggestion = makeSuggestion({ extension, tally, learnings, baseline: makeBaseline(), today });
  // What is written must be what will be read: a manifest that does not fit is our fault, and shows here.
  parseManifest(suggestion.manifest, `the suggestion for ${extension}`, contracts);
  return { ...suggestion, folder, unreadable };
};
