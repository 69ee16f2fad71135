#!/usr/bin/env node
// The command line. Must never show a stack for a mistake of the operator's: one line says what is wrong and what to do.
import { CloisterError } from '../errors.ts';
import { usage, version } from './usage.ts';

type Command = (args: readonly string[]) => Promise<number>;

/** Each loads what it needs and no more: the whole host takes a third of a second. */
const commands = new Map<string, () => Promise<Command>>([
  ['serve', async () => (await import('./serve.ts')).serve],
  ['start', async () => (await import('./start.ts')).start],
  ['audit', async () => (await import('./audit-command.ts')).audit],
  ['init', async () => (await import('./author-commands.ts')).init],
  ['dev', async () => (await import('./dev-command.ts')).dev],
  ['build', async () => (await import('./author-commands.ts')).build],
  ['pack', async () => (await import('./author-commands.ts')).pack],
  ['keygen', async () => (await import('./author-commands.ts')).keygen],
  ['check', async () => (await import('./check-command.ts')).check],
  ['approve', async () => (await import('./approvals-command.ts')).approveCommand],
  ['revoke', async () => (await import('./approvals-command.ts')).revokeCommand],
  ['diff', async () => (await import('./approvals-command.ts')).diffCommand],
  ['database', async () => (await import('./database-command.ts')).database],
  ['jobs', async () => (await import('./jobs-command.ts')).jobs],
  ['deploy', async () => (await import('./deploy-command.ts')).deployCommand('deploy')],
  ['enable', async () => (await import('./deploy-command.ts')).deployCommand('enable')],
  ['disable', async () => (await import('./deploy-command.ts')).deployCommand('disable')],
  ['rollback', async () => (await import('./deploy-command.ts')).deployCommand('rollback')],
  ['promote', async () => (await import('./deploy-command.ts')).deployCommand('promote')],
  ['return', async () => (await import('./deploy-command.ts')).deployCommand('return')],
  ['list', async () => (await import('./deploy-command.ts')).deployCommand('list')],
  ['status', async () => (await import('./deploy-command.ts')).deployCommand('status')],
  ['doctor', async () => (await import('./doctor-command.ts')).doctor],
]);

const run = async (argv: readonly string[]): Promise<number> => {
  const [name = '--help', ...args] = argv;
  if (name === '--version' || name === '-v') return print(version());
  if (name === '--help' || name === '-h' || name === 'help') return print(usage);
  const load = commands.get(name);
  if (load !== undefined) return await (await load())(args);
  process.stderr.write(`cloister: there is no command "${name.slice(0, 50)}"; \`cloister --help\` lists them\n`);
  return 2;
};

const print = (text: string): number => {
  process.stdout.write(`${text}\n`);
  return 0;
};

const isUsageError = (error: unknown): error is Error =>
  error instanceof Error && String((error as { readonly code?: unknown }).code).startsWith('ERR_PARSE_ARGS');

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const known = error instanceof CloisterError || isUsageError(error);
  process.stderr.write(`cloister: ${known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = known ? 2 : 1;
}
