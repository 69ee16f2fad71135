// `cloister database plan|apply|check`: what extensions need of the database, for an operator or a DBA. Must never print a password that was not asked for, nor change anything but by `apply`.
import { parseArgs } from 'node:util';
import type { DatabaseProblem } from '../capabilities/database/setup/problem.ts';
import { applyDatabase, checkDatabase, type DatabaseCheck, planDatabase } from '../database.ts';
import { CloisterError } from '../errors.ts';
import type { CloisterOptions } from '../options.ts';
import { readRuntimeOptions, runtimeFlags } from './serve-options.ts';

interface DatabaseFlags {
  readonly options: CloisterOptions;
  readonly json: boolean;
  readonly strict: boolean;
  readonly passwords: boolean;
  readonly adminUrl: string | null;
}

const failed = 1;
const usage = 'usage: cloister database plan|apply|check [DIR …]; `cloister --help` lists what each takes';

const parseFlags = async (name: string, args: readonly string[]): Promise<DatabaseFlags> => {
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...runtimeFlags, json: flag, strict: flag, passwords: flag, 'admin-url': { type: 'string' } },
  });
  const { runtime } = await readRuntimeOptions(`database ${name}`, values, positionals);
  const { json, strict, passwords } = values;
  return { options: runtime, json, strict, passwords, adminUrl: values['admin-url'] ?? null };
};

const write = (stream: NodeJS.WriteStream, lines: readonly string[]): void => {
  if (lines.length > 0) stream.write(`${lines.join('\n')}\n`);
};

/** Names come from manifests and from the server: none may move a cursor. */
const plain = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '?');

const problemLine = ({ severity, extension, what, remedy }: DatabaseProblem): string =>
  plain(`  ${severity.padEnd(8)} ${extension === null ? '' : `${extension}: `}${what}${remedy === '' ? '' : `; ${remedy}`}`);

const plan = async ({ options, json, passwords }: DatabaseFlags): Promise<number> => {
  const planned = await planDatabase(options, { passwords });
  if (json) write(process.stdout, [JSON.stringify(planned)]);
  else process.stdout.write(planned.sql);
  if (!json) write(process.stderr, planned.problems.map(problemLine));
  return planned.problems.length === 0 ? 0 : failed;
};

const apply = async ({ options, json, adminUrl }: DatabaseFlags): Promise<number> => {
  const applied = await applyDatabase(options, adminUrl === null ? {} : { admin: adminUrl });
  const lines = applied.roles.map(({ extension, role, statements }) =>
    plain(`  ${extension}: role ${role} ${statements === 0 ? 'was as it should be' : `set up with ${String(statements)} statements`}`),
  );
  write(process.stdout, json ? [JSON.stringify(applied)] : [plain(`database ${applied.database}`), ...lines]);
  if (!json) write(process.stderr, applied.problems.map(problemLine));
  return applied.problems.length === 0 ? 0 : failed;
};

const countLine = ({ connections: { roles, perRole, ofStores, ofHost, oneHost, available, hosts } }: DatabaseCheck): string =>
  `  connections: ${String(roles)} roles × ${String(perRole)} + ${String(ofStores)} of kv + ${String(ofHost)} = ${String(oneHost)} of one host at most; the server takes ${String(available)}, so ${String(hosts)} such hosts`;

const check = async ({ options, json, strict }: DatabaseFlags): Promise<number> => {
  const checked = await checkDatabase(options);
  const wrong = new Set(checked.problems.filter(({ severity }) => severity !== 'warning').map(({ extension }) => extension));
  const right = Object.entries(checked.roles).filter(([extension]) => !wrong.has(extension));
  const lines = [
    plain(`database ${checked.database}, host connects as ${checked.login}`),
    ...right.map(([extension, role]) => plain(`  ok       ${extension}: role ${role} is as its grant says, and can log in`)),
    ...checked.problems.map(problemLine),
    countLine(checked),
  ];
  write(process.stdout, json ? [JSON.stringify(checked)] : lines);
  return checked.ok && !(strict && checked.problems.length > 0) ? 0 : failed;
};

const commands = new Map<string, (flags: DatabaseFlags) => Promise<number>>([
  ['plan', plan],
  ['apply', apply],
  ['check', check],
]);

export const database = async (args: readonly string[]): Promise<number> => {
  const [name = '', ...rest] = args;
  const command = commands.get(name);
  if (command === undefined) throw new CloisterError('ERR_OPTIONS_INVALID', usage);
  return await command(await parseFlags(name, rest));
};
