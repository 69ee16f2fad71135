// Bundles what many processes load into one file each, since a process pays for every module as it starts: typebox and OpenTelemetry's API, which are 424 of them (`#…` of package.json), and the process that bundles packages. Must never change what they do.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'dist', 'bundled');

const bundle = async (name: string, options: BuildOptions): Promise<void> => {
  const { outputFiles } = await build({
    ...options,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    write: false,
    logLevel: 'error',
  });
  const file = join(folder, name);
  // Renamed into place: a process that starts meanwhile never reads half of it.
  writeFileSync(`${file}.new`, outputFiles?.[0]?.contents ?? '');
  renameSync(`${file}.new`, file);
};

/** All that the package exports, with its licence, which asks to go along with every copy. */
const bundlePackage = (name: string, file: string, licence: string): Promise<void> =>
  bundle(file, {
    stdin: { contents: `export * from '${name}'; export { default } from '${name}'`, resolveDir: root },
    banner: { js: `/*! ${readFileSync(join(root, 'node_modules', name, licence), 'utf8').trim()}\n*/` },
  });

mkdirSync(folder, { recursive: true });
await bundlePackage('typebox', 'typebox.js', 'license');
await bundlePackage('@opentelemetry/api', 'opentelemetry-api.js', 'LICENSE');
await bundle('bundler-process.js', { entryPoints: [join(root, 'src/packages/bundler-process.ts')], packages: 'external' });
