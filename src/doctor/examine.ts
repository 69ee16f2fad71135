// The doctor: what holds on this machine, by trying. Must never change anything that is the operator's, nor serve anybody.
import { makeBaseline, makeRegistry } from '../capabilities/registry.ts';
import { parseOptions } from '../config/options.ts';
import { checkDatabase } from '../database.ts';
import { CloisterError } from '../errors.ts';
import type { CloisterOptions } from '../options.ts';
import { findArtefacts } from '../wards/artefacts.ts';
import { checkEndings } from './check-endings.ts';
import { checkEngine } from './check-engine.ts';
import { checkFiles, type WatchedFile } from './check-files.ts';
import { checkMeasures } from './check-measures.ts';
import { type DoctorCheck, fails, holds, missing } from './finding.ts';

export interface DoctorReport {
  /** Nothing fails. What the machine does not have, and nothing requires, is no failure. */
  readonly ok: boolean;
  readonly checks: readonly DoctorCheck[];
}

export interface ExamineOptions {
  /** The configuration file, if there is one: who may change it is looked at too. */
  readonly configFile?: string;
}

const examineDatabase = async (options: CloisterOptions): Promise<readonly DoctorCheck[]> => {
  if (options.database === undefined || options.database === null)
    return [missing('database', 'role', 'no database is configured', 'give --database-url or the option database')];
  try {
    const { problems, roles, login, database } = await checkDatabase(options);
    const of = (extension: string | null): string => (extension === null ? `login ${login} at ${database}` : `role of ${extension}`);
    const wrong = problems.map(({ severity, extension, what, remedy }) =>
      (severity === 'warning' ? missing : fails)('database', of(extension), what, remedy),
    );
    const right = Object.entries(roles)
      .filter(([extension]) => !problems.some((one) => one.extension === extension && one.severity !== 'warning'))
      .map(([extension, role]) => holds('database', of(extension), `${role} can log in, and may do what its grant says and no more`));
    const loginIsRight = !problems.some(({ extension }) => extension === null);
    return [...(loginIsRight ? [holds('database', of(null), 'may do what Cloister needs of it')] : []), ...right, ...wrong];
  } catch (error) {
    if (!(error instanceof CloisterError)) throw error;
    return [fails('database', 'connection', error.message, 'see docs/database.md')];
  }
};

/** Tries on this machine, with these options, whether what Cloister relies on holds. Takes some seconds, and eats memory and processor for them. */
export const examine = async (given: CloisterOptions, { configFile }: ExamineOptions = {}): Promise<DoctorReport> => {
  const catalog = { contracts: makeRegistry().map(({ capability }) => capability.contract), baseline: makeBaseline() };
  const options = parseOptions(given, catalog);
  const artefacts = findArtefacts(options.wards.execPath ?? undefined);
  const secret = typeof given.database === 'string' || given.databaseRoles?.secret !== undefined;
  const files: readonly WatchedFile[] = [
    ...(configFile === undefined ? [] : [{ name: 'configuration', path: configFile, secret }]),
    ...(options.lock?.file === undefined || options.lock.file === null ? [] : [{ name: 'lock', path: options.lock.file, secret: false }]),
    ...(options.ledger.file === null ? [] : [{ name: 'ledger', path: options.ledger.file, secret: true }]),
    { name: "wards' program", path: artefacts.wardFile, secret: false },
    { name: "wards' Node", path: artefacts.execPath, secret: false },
  ];
  const measures = await checkMeasures(artefacts, options.wards);
  const startable = !measures.some(
    ({ state, name }) => state === 'fails' && options.wards.hardening[name.split(':')[0] as 'user'] === 'require',
  );
  const checks = [
    ...(await checkEngine(artefacts, new Date().toISOString().slice(0, 10))),
    ...measures,
    ...(startable ? await checkEndings(given.wards) : []),
    ...(await examineDatabase(given)),
    ...checkFiles(files),
  ];
  return { ok: checks.every(({ state }) => state !== 'fails'), checks };
};
