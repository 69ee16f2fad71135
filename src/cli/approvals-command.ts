// `cloister approve|revoke|diff`: what may run, and what changed. Must never write but what was asked for, nor show a package's words as they are.
import { readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { type Approvals, openApprovals } from '../approvals/approvals.ts';
import type { LockEntry } from '../approvals/lock.ts';
import { showDiff } from '../approvals/show-diff.ts';
import { parseJson } from '../config/json.ts';
import { showText } from '../config/show.ts';
import { CloisterError } from '../errors.ts';
import type { LedgerEntry } from '../ledger/entry.ts';
import { makeAsciiJson } from '../ledger/line.ts';
import { readLedger } from '../ledger/read-ledger.ts';
import { defaultLock, readRuntimeOptions, runtimeFlags } from './serve-options.ts';

interface Command {
  readonly id: string;
  readonly approvals: Approvals;
  readonly json: boolean;
  readonly by: string;
  readonly grants: string | undefined;
  readonly artifact: string | undefined;
  readonly ledger: string | undefined;
  readonly where: string;
}

/** Where `npm start` keeps it. */
const defaultLedger = '.cloister/ledger.ndjson';
const defaultFolder = 'extensions';
const waits = 1;

const refuse = (message: string): CloisterError => new CloisterError('ERR_OPTIONS_INVALID', message);
const isThere = async (file: string): Promise<boolean> => (await stat(file).catch(() => null)) !== null;
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

const readGrants = async (file: string | undefined): Promise<unknown> => {
  if (file === undefined) return undefined;
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw refuse(`--grants ${file}: cannot be read (${error instanceof Error ? error.message : 'unknown cause'}); name a JSON file`);
  });
  return parseJson(text, file, 'ERR_OPTIONS_INVALID');
};

/** An account without a name in the system's list has none. */
const whoAmI = (): string => {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
};

const comparedTo = (entry: LockEntry, before: LockEntry | null): string => {
  if (before === null) return '';
  const script = before.artifact === entry.artifact ? 'the same script as' : 'ANOTHER SCRIPT than';
  return `; ${script} was approved before (${showText(before.version)} ${before.artifact.slice(0, 12)}, by ${showText(before.by)})`;
};

const approve = async ({ id, approvals, by, grants, artifact, json, where }: Command): Promise<number> => {
  const { entry, before } = await approvals.approve(id, {
    by,
    grants: await readGrants(grants),
    ...(artifact === undefined ? {} : { artifact }),
  });
  const names = Object.keys(entry.approved.capabilities).join(', ') || 'routes and log lines only';
  if (json) say(makeAsciiJson({ id, entry, before }));
  else
    say(
      `approved ${id} ${showText(entry.version)} ${entry.artifact.slice(0, 12)} (${names}) as ${by} in ${where}${comparedTo(entry, before)}`,
    );
  return 0;
};

const revoke = async ({ id, approvals, by, json, where }: Command): Promise<number> => {
  const entry = await approvals.revoke(id, { by });
  if (json) say(makeAsciiJson({ id, entry }));
  else
    say(
      `revoked ${id} ${showText(entry.version)} ${entry.artifact.slice(0, 12)} as ${by} in ${where}; a host that runs goes on until it is started again`,
    );
  return 0;
};

const readOrRefuse = async function* (file: string): AsyncGenerator<LedgerEntry> {
  try {
    yield* readLedger(file);
  } catch (error) {
    throw refuse(
      `--ledger ${file}: ${error instanceof Error ? error.message : String(error)}; name the file that the \`ledger\` option names`,
    );
  }
};

const usedOf = async (file: string | undefined): Promise<AsyncIterable<LedgerEntry> | readonly LedgerEntry[]> => {
  if (file === undefined && !(await isThere(defaultLedger))) return [];
  return readOrRefuse(file ?? defaultLedger);
};

const diff = async ({ id, approvals, json, ledger }: Command): Promise<number> => {
  const made = await approvals.diff(id, await usedOf(ledger));
  if (json) say(makeAsciiJson(made));
  else for (const line of showDiff(made)) say(line);
  return made.state === 'approved' ? 0 : waits;
};

const commands = { approve, revoke, diff } as const;

const run = async (name: keyof typeof commands, args: readonly string[]): Promise<number> => {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...runtimeFlags, by: text, grants: text, artifact: text, ledger: text, json: { type: 'boolean', default: false } },
  });
  const [id, ...folders] = positionals;
  if (id === undefined) throw refuse(`usage: cloister ${name} ID [DIR …]; \`cloister --help\` lists what it takes`);
  const nobodySays = folders.length === 0 && values.config === undefined;
  if (nobodySays && !(await isThere(defaultFolder))) throw refuse(`${name} ${id}: name the folder of extensions, or give --config FILE`);
  const { runtime } = await readRuntimeOptions(name, values, nobodySays ? [defaultFolder] : folders);
  const lock = runtime.lock ?? defaultLock;
  const { extensions, ceiling, packages, database, trustedKeys, approvals: configured } = runtime;
  const approvals = await openApprovals({
    lock,
    ...(extensions === undefined ? {} : { extensions }),
    ...(ceiling === undefined ? {} : { ceiling }),
    ...(packages === undefined ? {} : { packages }),
    ...(trustedKeys === undefined ? {} : { trustedKeys }),
    ...(database === undefined ? {} : { database }),
    ...(configured === undefined ? {} : { approvals: configured }),
  });
  try {
    const where = typeof lock === 'string' ? lock : (lock.file ?? 'the table cloister.approvals');
    const { json, grants, artifact, ledger, by = whoAmI() } = values;
    return await commands[name]({ id, approvals, json, by, grants, artifact, ledger, where });
  } finally {
    await approvals.close();
  }
};

export const approveCommand = (args: readonly string[]): Promise<number> => run('approve', args);
export const revokeCommand = (args: readonly string[]): Promise<number> => run('revoke', args);
export const diffCommand = (args: readonly string[]): Promise<number> => run('diff', args);
