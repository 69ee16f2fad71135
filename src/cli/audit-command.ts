// `cloister audit …`: reads a ledger. Must never write to it, and never show a line that is not an entry as one.
import { parseArgs } from 'node:util';
import { csvHead, makeCsvRow } from '../audit/csv.ts';
import { type EntryFilter, fits, parseSince } from '../audit/filter.ts';
import { followLedger } from '../audit/follow.ts';
import { showEntry } from '../audit/sentence.ts';
import { makeTimeline, showTimeline } from '../audit/timeline.ts';
import { CloisterError } from '../errors.ts';
import type { LedgerEntry } from '../ledger/entry.ts';
import { makeAsciiJson } from '../ledger/line.ts';
import { readLedger } from '../ledger/read-ledger.ts';
import { verifyLedger } from '../ledger/verify-ledger.ts';
import { defaultLedger } from './default-ledger.ts';
import { meter, report, suggest } from './suggest-command.ts';

interface AuditOptions {
  readonly file: string;
  readonly filter: EntryFilter;
  readonly json: boolean;
  readonly follow: boolean;
  readonly lines: number;
  readonly format: string;
  readonly names: readonly string[];
}

const defaultLines = 20;

const refuse = (message: string): CloisterError => new CloisterError('ERR_OPTIONS_INVALID', message);

const parseAuditOptions = (args: readonly string[]): AuditOptions => {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ledger: text, extension: text, tenant: text, kind: text, since: text, lines: text, format: text, json: flag, follow: flag },
  });
  const lines = values.lines === undefined ? defaultLines : Number(values.lines);
  if (!Number.isInteger(lines) || lines < 0) throw refuse(`--lines ${String(values.lines)}: expected a whole number`);
  const { extension, tenant, kind, since } = values;
  return {
    file: values.ledger ?? defaultLedger,
    filter: {
      ...(extension === undefined ? {} : { extension }),
      ...(tenant === undefined ? {} : { tenant }),
      ...(kind === undefined ? {} : { kind }),
      ...(since === undefined ? {} : { sinceMs: parseSince(since, Date.now()) }),
    },
    json: values.json,
    follow: values.follow,
    lines,
    format: values.format ?? 'ndjson',
    names: positionals,
  };
};

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

/** Waits where the reader is slower than the ledger is long. */
const sayAll = async (line: string): Promise<void> => {
  if (!say(line)) await new Promise((resolve) => process.stdout.once('drain', resolve));
};

/** Entries that fit; what is no entry is counted, and told at the end. */
const openReading = (file: string, filter: EntryFilter): { readonly entries: AsyncGenerator<LedgerEntry>; complain(): number } => {
  let unreadable = 0;
  let firstAt = '';
  const all = readLedger(file, (at) => {
    unreadable += 1;
    if (unreadable === 1) firstAt = `${at.file}:${String(at.line)}`;
  });
  const filtered = async function* (): AsyncGenerator<LedgerEntry> {
    try {
      for await (const entry of all) if (fits(entry, filter)) yield entry;
    } catch (error) {
      throw refuse(
        `--ledger ${file}: ${error instanceof Error ? error.message : String(error)}; name the file that the \`ledger\` option names`,
      );
    }
  };
  return {
    entries: filtered(),
    complain() {
      if (unreadable === 0) return 0;
      process.stderr.write(
        `cloister: ${String(unreadable)} lines are no entries, the first at ${firstAt}; \`cloister audit verify\` says more\n`,
      );
      return 1;
    },
  };
};

const verify = async ({ file, names }: AuditOptions): Promise<number> => {
  const report = await verifyLedger(names[0] ?? file);
  say(JSON.stringify(report));
  return report.ok ? 0 : 1;
};

const tail = async ({ file, filter, follow, lines, json }: AuditOptions): Promise<number> => {
  const show = (entry: LedgerEntry): string => (json ? makeAsciiJson(entry) : showEntry(entry));
  const reading = openReading(file, filter);
  const latest: LedgerEntry[] = [];
  for await (const entry of reading.entries) {
    latest.push(entry);
    if (latest.length > lines) latest.shift();
  }
  for (const entry of latest) await sayAll(show(entry));
  const code = reading.complain();
  if (!follow) return code;
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  for await (const entry of followLedger(file, stop.signal)) if (fits(entry, filter)) await sayAll(show(entry));
  return code;
};

const show = async ({ file, filter, json, names: [request] }: AuditOptions): Promise<number> => {
  if (request === undefined) throw refuse('usage: cloister audit show REQUEST [--ledger FILE] [--json]; `audit tail` lists requests');
  const reading = openReading(file, filter);
  const timeline = await makeTimeline(reading.entries, request);
  const code = reading.complain();
  if (timeline === null) throw refuse(`audit show ${request.slice(0, 80)}: the ledger ${file} has nothing of such a request`);
  if (json) say(makeAsciiJson(timeline));
  else for (const line of showTimeline(timeline)) say(line);
  return code;
};

const exportEntries = async ({ file, filter, format }: AuditOptions): Promise<number> => {
  if (format !== 'ndjson' && format !== 'csv') throw refuse(`--format ${format}: expected ndjson or csv`);
  const reading = openReading(file, filter);
  if (format === 'csv') say(csvHead);
  for await (const entry of reading.entries) await sayAll(format === 'csv' ? makeCsvRow(entry) : makeAsciiJson(entry));
  return reading.complain();
};

const reading =
  (command: (options: AuditOptions) => Promise<number>) =>
  (args: readonly string[]): Promise<number> =>
    command(parseAuditOptions(args));

const commands = new Map<string, (args: readonly string[]) => Promise<number>>([
  ['verify', reading(verify)],
  ['tail', reading(tail)],
  ['show', reading(show)],
  ['export', reading(exportEntries)],
  ['meter', meter],
  ['report', report],
  ['suggest', suggest],
]);

export const audit = async (args: readonly string[]): Promise<number> => {
  const [name = '', ...rest] = args;
  const command = commands.get(name);
  if (command === undefined)
    throw refuse('usage: cloister audit verify|tail|show|export|meter|report|suggest; `cloister --help` lists what each takes');
  return await command(rest);
};
