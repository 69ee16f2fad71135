// `cloister init`, `build`, `pack` and `keygen`, for authors of extensions. Must never hold more than their flags and their words.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildPackage } from '../author/build.ts';
import { initPackage } from '../author/init.ts';
import { makeSigningKey, packPackage } from '../author/pack.ts';
import { CloisterError } from '../errors.ts';
import { makeAsciiJson } from '../ledger/line.ts';
import { archiveEnding } from '../packages/archive-folder.ts';
import { checkFolder } from './serve-options.ts';
import { version } from './usage.ts';

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const refuse = (message: string): CloisterError => new CloisterError('ERR_OPTIONS_INVALID', message);

/** The folder that is named, else the one the command was typed in. */
export const folderOf = async (command: string, positionals: readonly string[]): Promise<string> => {
  const [folder = '.', ...more] = positionals;
  if (more.length > 0) throw refuse(`usage: cloister ${command} [DIR]; \`cloister --help\` lists what it takes`);
  await checkFolder(command, folder);
  if (folder.endsWith(archiveEnding)) throw refuse(`${command} ${folder}: is an archive; name the folder of its sources`);
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
  // A checkout's version may be on no registry: what `npm pack` makes of it is.
  const install = import.meta.url.endsWith('.ts') ? `npm install --save-dev PATH/cloister-${version()}.tgz` : 'npm install';
  say(`\nNext:  cd ${name} && ${install} && npm run dev`);
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

export const pack = async (args: readonly string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { key: { type: 'string' }, out: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const { key, out, json } = values;
  if (key === undefined) throw refuse('usage: cloister pack [DIR] --key FILE [--out FILE]; `cloister keygen FILE` makes a key');
  const folder = await folderOf('pack', positionals);
  const packed = await packPackage({ folder, keyFile: key, ...(out === undefined ? {} : { out }) });
  if (json) say(makeAsciiJson(packed));
  else {
    say(`packed ${packed.id} ${packed.version}: ${path.relative('', packed.file)} (${packed.bytes} bytes), artifact ${packed.artifact}`);
    say(`who trusts you has in trustedKeys:  ${packed.publicKey}`);
  }
  return 0;
};

export const keygen = async (args: readonly string[]): Promise<number> => {
  const [file, ...more] = parseArgs({ args: [...args], allowPositionals: true, options: {} }).positionals;
  if (file === undefined || more.length > 0) throw refuse('usage: cloister keygen FILE');
  say(await makeSigningKey(file));
  return 0;
};
