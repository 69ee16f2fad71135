// Bundles typebox, which comes as 373 modules, into the one file that `#typebox` of package.json names: every process that starts pays for each module it loads. Must never change what the package exports.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(root, 'dist', 'bundled', 'typebox.js');
/** It asks to go along with every copy. */
const licence = readFileSync(join(root, 'node_modules', 'typebox', 'license'), 'utf8');

const { outputFiles } = await build({
  stdin: { contents: "export * from 'typebox'; export { default } from 'typebox'", resolveDir: root },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  banner: { js: `/*! ${licence.trim()}\n*/` },
  write: false,
  logLevel: 'error',
});
mkdirSync(dirname(file), { recursive: true });
// Renamed into place: a process that starts meanwhile never reads half of it.
writeFileSync(`${file}.new`, outputFiles[0]?.contents ?? '');
renameSync(`${file}.new`, file);
