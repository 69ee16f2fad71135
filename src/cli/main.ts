#!/usr/bin/env node
// The command line. Must never show a stack for a mistake of the operator's: one line says what is wrong and what to do.
import { CloisterError } from '../errors.ts';
import { approveCommand, diffCommand, revokeCommand } from './approvals-command.ts';
import { audit } from './audit-command.ts';
import { build, init } from './author-commands.ts';
import { check } from './check-command.ts';
import { database } from './database-command.ts';
import { serve } from './serve.ts';
import { start } from './start.ts';
import { usage, version } from './usage.ts';

const commands = new Map<string, (args: readonly string[]) => Promise<number>>([
  ['serve', serve],
  ['start', start],
  ['audit', audit],
  ['init', init],
  ['build', build],
  ['check', check],
  ['approve', approveCommand],
  ['revoke', revokeCommand],
  ['diff', diffCommand],
  ['database', database],
]);

const run = async (argv: readonly string[]): Promise<number> => {
  const [name = '--help', ...args] = argv;
  if (name === '--version' || name === '-v') return print(version());
  if (name === '--help' || name === '-h' || name === 'help') return print(usage);
  const command = commands.get(name);
  if (command !== undefined) return await command(args);
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
