// Approving, revoking and comparing, as a library; the commands are a thin cover over it. Must never approve what the operator was not shown: what is written is what is there now.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from 'pg';
import { openDatabaseResource } from '../capabilities/database/resource.ts';
import { makeBaseline, makeRegistry } from '../capabilities/registry.ts';
import type { CapabilityCatalog } from '../config/catalog.ts';
import { makeCheck } from '../config/check.ts';
import { parseOptions } from '../config/options.ts';
import type { LockSettings, RuntimeOptions } from '../config/runtime-options.ts';
import { showText } from '../config/show.ts';
import { CloisterError } from '../errors.ts';
import type { LedgerEntry, LifeEvent } from '../ledger/entry.ts';
import { openLedger } from '../ledger/open-ledger.ts';
import type { CloisterOptions } from '../options.ts';
import type { LoadedPackage } from '../packages/loaded-package.ts';
import { readPackages } from '../packages/read-packages.ts';
import { approvalBounds } from './bounds.ts';
import { compare } from './compare.ts';
import { makeCovers } from './covers.ts';
import { type ApprovalDiff, makeDiff } from './diff.ts';
import { type Approved, byPattern, digestOf, type LockEntry, makeApprovedWishSchema, makeLockForm, selfOf } from './lock.ts';
import { joinApprovals, openStore } from './open-lock.ts';
import { onDisk } from './read-bounded.ts';
import type { ApprovalStore } from './store.ts';
import { inTurn } from './turn.ts';
import { readUsage } from './usage.ts';

export interface ApprovalsOptions
  extends Pick<CloisterOptions, 'extensions' | 'ceiling' | 'packages' | 'database' | 'approvals' | 'trustedKeys'> {
  /** As the runtime's option; a file that is not there yet is made. */
  readonly lock: NonNullable<CloisterOptions['lock']>;
  /** Where the operator's doings are put on record, in a chain of their own; beside the lock file where absent, in the table with a table. */
  readonly ledger?: string;
}

export interface ApproveTerms {
  /** Who approves. */
  readonly by: string;
  /** Less, or other, than what is asked: `{ capabilities, limits, isolation, mode, candidate, express }`, each as asked where absent. */
  readonly grants?: unknown;
  /** `found.digest` of the diff that was looked at: another package, or other wishes, are refused. */
  readonly artifact?: string;
}

export interface ApprovedEntry {
  readonly id: string;
  readonly entry: LockEntry;
  /** What stood there; null: nothing. */
  readonly before: LockEntry | null;
}

export interface Approvals {
  /** What is approved, by id. */
  list(): Promise<ReadonlyMap<string, LockEntry>>;
  /** Approves the package that is there now. */
  approve(id: string, terms: ApproveTerms): Promise<ApprovedEntry>;
  /** Gives what was approved. Nothing of it runs from the next start on. */
  revoke(id: string, terms: { readonly by: string }): Promise<LockEntry>;
  /** `entries`: of a ledger, for what is really used. */
  diff(id: string, entries?: AsyncIterable<LedgerEntry> | Iterable<LedgerEntry>): Promise<ApprovalDiff>;
  close(): Promise<void>;
}

const operatorChain = 'operator';
const ringSize = 1;

const refuse = (message: string): CloisterError => new CloisterError('ERR_OPTIONS_INVALID', message);

const checkBy = (by: unknown): string => {
  if (typeof by === 'string' && new RegExp(byPattern).test(by)) return by;
  throw refuse('by: expected the name of who approves, one line of 1 to 200 characters');
};

const findPackage = async (id: string, options: RuntimeOptions, catalog: CapabilityCatalog): Promise<LoadedPackage | null> => {
  const { packages, refused } = await readPackages(options.extensions, catalog.contracts, options.packages, {
    only: id,
    trustedKeys: options.trustedKeys,
  });
  const [found, twin] = packages;
  if (twin !== undefined) throw refuse(`${id}: two packages have this id: ${found?.folder ?? ''} and ${twin.folder}; rename one`);
  if (found !== undefined) return found;
  const unread = refused.find((one) => one.id === id);
  if (unread !== undefined) throw unread.error;
  return null;
};

const makeApproved = (found: LoadedPackage, grants: unknown, catalog: CapabilityCatalog): Approved => {
  if (grants !== undefined) makeCheck(makeApprovedWishSchema(catalog), 'ERR_OPTIONS_INVALID')(grants, 'grants');
  const given = (grants ?? {}) as Partial<Approved>;
  const { capabilities = {}, limits } = found.manifest ?? {};
  return { capabilities, ...(limits === undefined ? {} : { limits }), ...given };
};

/** What was looked at is what is there: script, wishes, version. */
const holdTo = (found: LoadedPackage, artifact: string | undefined): void => {
  const { fallbackId: id } = found;
  const digest = digestOf(selfOf(found));
  if (artifact === undefined || artifact === digest) return;
  if (!/^[0-9a-f]{64}$/.test(artifact) || artifact === found.artifact)
    throw refuse(
      `${id}: artifact: give the 64 digits that \`cloister diff ${id}\` prints last; they stand for the script and what it asks for`,
    );
  throw refuse(`${id}: the package that is there is not the one that was looked at; look again with \`cloister diff ${id}\``);
};

/** Reads nothing yet but the options. */
export const openApprovals = async (given: ApprovalsOptions): Promise<Approvals> => {
  const { ledger: ledgerFile, ...rest } = given;
  const registry = makeRegistry();
  const baseline = makeBaseline();
  const catalog: CapabilityCatalog = { contracts: registry.map((entry) => entry.capability.contract), baseline };
  const options = parseOptions(rest, catalog);
  const settings: LockSettings | null = options.lock;
  if (settings === null) throw refuse('lock: name the file, or say { table: true }');
  const form = makeLockForm(catalog);
  const database = settings.file === null && options.database !== null ? await openDatabaseResource(options.database) : null;
  const connect = database === null ? null : (name: string) => (): Promise<Client> => database.openAdmin(name);
  const store: ApprovalStore = await openStore(settings, form, connect?.('cloister:approvals') ?? null, true);
  const comparing = { covers: makeCovers(registry), baseline };

  const operatorFile = (file: string): string => path.join(path.dirname(file), '.cloister', 'operator.ndjson');
  const file = ledgerFile ?? (settings.file === null ? null : operatorFile(settings.file));
  const write = async (event: LifeEvent, id: string, subject: string, reason: string): Promise<void> => {
    const table = file === null && connect !== null ? { connect: connect('cloister:operator'), chain: operatorChain } : null;
    const ledger = await openLedger({ file, ringSize, table, waitMs: approvalBounds.turnMs.value });
    try {
      ledger.append({ kind: 'life', event, extension: id, version: '', artifact: '', tenant: '', request: '', subject, reason });
    } finally {
      await ledger.close();
    }
  };
  /** Before the effect, as with all that is on record. */
  const record = async (event: LifeEvent, id: string, subject: string, reason: string): Promise<void> => {
    if (file === null) return await write(event, id, subject, reason);
    await onDisk(file, 'written', async () => {
      await mkdir(path.dirname(file), { recursive: true });
      await inTurn(file, () => write(event, id, subject, reason));
    });
  };

  const entryOf = (found: LoadedPackage, approved: Approved, by: string): LockEntry => {
    const self = selfOf(found);
    const entry = { ...self, digest: digestOf(self), approved, by, at: new Date().toISOString() };
    const checked = form.parseEntry(found.fallbackId, entry, store.where);
    joinApprovals(options, new Map([[found.fallbackId, checked]]), store.where, catalog);
    return checked;
  };

  const whatOf = ({ version, approved }: LockEntry): string =>
    `version ${showText(version)}; ${Object.keys(approved.capabilities).join(', ') || 'routes and log lines only'}`;

  return {
    list: () => store.read(),
    async approve(id, terms) {
      const by = checkBy(terms.by);
      const found = await findPackage(id, options, catalog);
      if (found === null) throw refuse(`${id}: no package of this id is there; name its folder`);
      holdTo(found, terms.artifact);
      const entry = entryOf(found, makeApproved(found, terms.grants, catalog), by);
      await store.keep(entry.artifact, found.script);
      await record('operator.approve', id, entry.artifact, `by ${by}: ${whatOf(entry)}`);
      return { id, entry, before: await store.put(id, entry) };
    },
    async revoke(id, terms) {
      const by = checkBy(terms.by);
      const entry = (await store.read()).get(id);
      if (entry === undefined) throw refuse(`${id}: is not approved in ${store.where}`);
      await record('operator.revoke', id, entry.artifact, `by ${by}: ${whatOf(entry)}`);
      await store.put(id, null);
      return entry;
    },
    async diff(id, entries = []) {
      const entry = (await store.read()).get(id) ?? null;
      const found = await findPackage(id, options, catalog);
      if (entry === null && found === null) throw refuse(`${id}: neither is such a package there, nor is one approved`);
      const self = found === null ? null : { ...selfOf(found), folder: found.folder };
      const change = entry === null || self === null ? null : compare(entry, self, comparing);
      const usage = await readUsage(entries, id);
      return makeDiff({ id, entry, found: self, change, everyHash: settings.everyHash, ceiling: options.ceiling, usage });
    },
    close: async () => database?.close(),
  };
};
