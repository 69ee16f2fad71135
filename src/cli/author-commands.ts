// `cloister init` and `cloister build`, for authors of extensions. Must never hold more than their flags and their words.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildPackage } from '../author/build.ts';
import { initPackage } from '../author/init.ts';
import { CloisterError } from '../errors.ts';
import { makeAsciiJson } from '../ledger/line.ts';
import { checkFolder } from './serve-options.ts';
import { version } from './usage.ts';

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const refuse = (message: string): CloisterError => new CloisterError('ERR_OPTIONS_INVALID', message);

/** The folder that is named, else the one the command was typed in. */
export const folderOf = async (command: string, positionals: readonly string[]): Promise<string> => {
  const [folder = '.', ...more] = positionals;
  if (more.length > 0) throw refuse(`usage: cloister ${command} [DIR]; \`cloister --help\` lists what it takes`);
  await checkFolder(command, folder);
  return folder;
};

export const init = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { typescript: { type: 'boolean', default: false } },
  });
  const [name] = positionals;
  if (name === undefined || positionals.length > 1) throw refuse('usage: cloister init NAME [--typescript]');
  const files = await initPackage(name, { typescript: values.typescript, parent: process.cwd(), version: version() });
  for (const file of files) say(`  ${name}/${file}`);
  say(`\nNext:  cd ${name} && npm install && npm run dev`);
  return 0;
};

export const build = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  const built = await buildPackage(await folderOf('build', positionals));
  if (values.json) say(makeAsciiJson(built));
  else say(`built ${built.id} ${built.version}: ${path.relative('', built.file)} (${built.bytes} bytes), artifact ${built.artifact}`);
  return 0;
};
