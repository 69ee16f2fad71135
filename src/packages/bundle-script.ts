// Bundles one package to the one classic script that a cell runs, or to one module that a package is published with. Must never run in the host: a hostile source can end esbuild's process.
import { type BuildFailure, type BuildOptions, build, type Message, type Metafile } from 'esbuild';
import { showText } from '../config/show.ts';
import { makeBundlePlugin } from './bundle-plugin.ts';
import { type BundleReply, type BundleRequest, scriptClosing, virtualFile, virtualFolder } from './bundle-request.ts';
import { defineComputedImports, restoreComputedImports } from './computed-imports.ts';
import { makeMemoryFolder } from './memory-folder.ts';
import { openPackageFolder } from './package-folder.ts';

const opening = '__load(function (exports, require, module, __filename, __dirname) {';

const common: BuildOptions = {
  bundle: true,
  write: false,
  target: 'es2023',
  platform: 'neutral',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'silent',
  metafile: true,
  outfile: 'index.js',
  sourcemap: 'external',
  // No tsconfig.json is looked for: it could extend one outside the folder.
  tsconfigRaw: '{}',
};

/** A module has no say in where it will lie. */
const moduleOptions: BuildOptions = { ...common, supported: { 'dynamic-import': true } };

const scriptOptions: BuildOptions = {
  ...common,
  format: 'cjs',
  // The kernel follows leases through Promise.prototype.then, which a native await does not call.
  supported: { 'async-await': false, 'async-generator': false, 'for-await': false, 'dynamic-import': false },
  define: {
    'import.meta.url': JSON.stringify(`file://${virtualFile}`),
    'import.meta.filename': JSON.stringify(virtualFile),
    'import.meta.dirname': JSON.stringify(virtualFolder),
  },
  banner: { js: opening },
  footer: { js: scriptClosing },
};

/** ES modules are strict by nature; one CommonJS file among them may rely on not being so. */
const isStrict = ({ inputs }: Metafile): boolean => Object.values(inputs).every((input) => input.format !== 'cjs');

const directive = '"use strict";';

/** Puts into the first line what belongs before everything else, so that no line moves under the source map. */
const completeScript = (bundled: string, strict: boolean): string => {
  const body = bundled.slice(opening.length);
  const definitions = defineComputedImports(body);
  const ownDirective = body.startsWith(`\n${directive}`);
  if (ownDirective) return `${opening}${directive}${definitions}${body}`;
  return `${opening}${strict ? directive : ''}${definitions}${body}`;
};

const placeOf = ({ location }: Message): string =>
  location === null ? '' : `${location.file.replace(/^extension:\//, '')}:${location.line}:${location.column + 1}: `;

const rewordings: readonly (readonly [RegExp, string])[] = [
  [
    /^Could not resolve ("(?:[^"\\]|\\.)*").*$/s,
    'cannot find $1 in the extension folder; install or bundle it there (only Node built-ins and express are provided)',
  ],
  [/^Top-level await .*$/s, 'await outside a function is not supported; move it into the register function'],
];

const reword = (text: string): string => rewordings.reduce((said, [pattern, better]) => said.replace(pattern, better), text);

const describe = (errors: readonly Message[]): string => {
  const [first] = errors;
  if (first === undefined) return 'cannot be bundled';
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `${showText(placeOf(first), 200)}${showText(reword(first.text), 400)}${more}`;
};

const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors);

const refusal = (cause: string, spent = false): BundleReply => ({ ok: false, code: 'ERR_PACKAGE_BUNDLE', cause, spent });

/** esbuild's own process is gone: a source of some hundred thousand open brackets does that. */
const describeCrash = (text: string): string =>
  text.includes('service was stopped')
    ? 'the source ended the bundler: it nests too deep or is too large'
    : `cannot be bundled: ${showText(text, 200)}`;

interface Bundled {
  readonly text: string;
  readonly sourceMap: string;
  readonly strict: boolean;
}

const run = async ({ root, files, entry, limits }: BundleRequest, options: BuildOptions): Promise<Bundled> => {
  const folder = files === undefined ? await openPackageFolder(root) : makeMemoryFolder(new Map(Object.entries(files)));
  const plugin = makeBundlePlugin(folder, entry, limits);
  const { outputFiles, metafile } = await build({ ...options, entryPoints: ['entry'], plugins: [plugin] });
  const text = (ending: string): string => outputFiles?.find((file) => file.path.endsWith(ending))?.text ?? '';
  return { text: text('.js'), sourceMap: text('.js.map'), strict: metafile !== undefined && isStrict(metafile) };
};

const makeScript = ({ text, strict }: Bundled): string | null => (text.startsWith(opening) ? completeScript(text, strict) : null);

const makeModule = ({ text, strict }: Bundled, output: 'esm' | 'cjs'): string =>
  restoreComputedImports(output === 'cjs' && strict && !text.startsWith(directive) ? `${directive}${text}` : text);

export const bundleScript = async (request: BundleRequest): Promise<BundleReply> => {
  const { limits, output } = request;
  try {
    const bundled = await run(request, output === 'script' ? scriptOptions : { ...moduleOptions, format: output });
    const script = output === 'script' ? makeScript(bundled) : makeModule(bundled, output);
    if (script === null) return refusal('the bundle does not begin as it must');
    const scriptBytes = Buffer.byteLength(script);
    if (scriptBytes > limits.scriptBytes)
      return refusal(`bundles to ${scriptBytes} bytes, over the limit of ${limits.scriptBytes} (limit scriptBytes)`);
    return { ok: true, script, sourceMap: bundled.sourceMap };
  } catch (error) {
    return isBuildFailure(error) ? refusal(describe(error.errors)) : refusal(describeCrash(String(error)), true);
  }
};
