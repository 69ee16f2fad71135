// Packages, a lock and hosts over both, in one temporary folder. Must never leave a host or a folder behind.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Approvals, type ApprovalsOptions, type ApproveTerms, openApprovals } from '../../src/approvals/approvals.ts';
import type { LockEntry } from '../../src/approvals/lock.ts';
import type { CloisterOptions } from '../../src/options.ts';
import { type Files, openTemporaryFolder, type TemporaryFolder } from '../packages/package-writer.ts';
import { extension, openTestRuntime, type TestRuntime } from './runtime.ts';

/** Answers with a word, and with what it has of the environment. */
export const says = (word: string): string =>
  `export default (router, { env }) => router.get('/', (req, res) => res.json([${JSON.stringify(word)}, env.A ?? null, env.B ?? null]));`;

/** A manifest that asks for keys of the environment. */
export const asking = (...keys: readonly string[]) => ({ capabilities: { env: { keys } } });

export interface ConsentFixture {
  readonly root: string;
  readonly lock: string;
  /** By default version 1.0.0. */
  write(id: string, source: string, cloister?: object, version?: string): Promise<void>;
  writeFiles(id: string, files: Files): Promise<void>;
  withApprovals<Result>(use: (approvals: Approvals) => Promise<Result>, options?: Partial<ApprovalsOptions>): Promise<Result>;
  approve(id: string, terms?: Partial<ApproveTerms>): Promise<LockEntry>;
  /** Closed with the fixture. */
  serve(options?: Partial<CloisterOptions>): Promise<TestRuntime>;
  /** Changes the entry of an extension as a text editor would. */
  edit(id: string, change: (entry: EditableEntry) => void): Promise<void>;
  close(): Promise<void>;
}

export interface EditableEntry {
  asked: unknown;
  artifact: string;
  readonly approved: { capabilities: Record<string, unknown>; mode?: string };
}

export const openConsentFixture = async (): Promise<ConsentFixture> => {
  const folder: TemporaryFolder = await openTemporaryFolder();
  const lock = join(folder.root, 'cloister.lock.json');
  const packages = join(folder.root, 'packages');
  const open: TestRuntime[] = [];
  const writeFiles = (id: string, files: Files): Promise<void> =>
    folder.write(Object.fromEntries(Object.entries(files).map(([name, content]) => [`packages/${id}/${name}`, content])));
  const withApprovals: ConsentFixture['withApprovals'] = async (use, options = {}) => {
    const approvals = await openApprovals({ extensions: [packages], lock, ...options });
    try {
      return await use(approvals);
    } finally {
      await approvals.close();
    }
  };
  return {
    root: folder.root,
    lock,
    writeFiles,
    write: (id, source, cloister = asking('A'), version = '1.0.0') => writeFiles(id, extension(source, cloister, { version })),
    withApprovals,
    approve: (id, terms = {}) => withApprovals(async (approvals) => (await approvals.approve(id, { by: 'ada', ...terms })).entry),
    async serve(options = {}) {
      const given = { lock, approvals: {}, env: { A: 'a', B: 'b' }, extensions: [packages], ...options };
      const runtime = await openTestRuntime({ extensions: {}, options: given as Omit<CloisterOptions, 'extensions' | 'logger'> });
      open.push(runtime);
      return runtime;
    },
    async edit(id, change) {
      const value = JSON.parse(await readFile(lock, 'utf8')) as { readonly extensions: Readonly<Record<string, EditableEntry>> };
      const entry = value.extensions[id];
      if (entry === undefined) throw new Error(`there is no entry ${id}`);
      change(entry);
      await writeFile(lock, JSON.stringify(value));
    },
    async close() {
      for (const runtime of open.splice(0)) await runtime.close();
      await folder.remove();
    },
  };
};
