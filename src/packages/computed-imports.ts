// Takes computed imports (`import("./" + name)`) out of esbuild's sight. Must never leave one in: esbuild would walk the host's folders for it.
import { type Loader, type Message, type PartialMessage, type TransformOptions, transform } from 'esbuild';

// esbuild answers a computed relative import by listing every file that could be meant, from its own working folder and with as many
// `../` as the source likes, past every plugin. In a transform it only says where such calls are; there they get another name.

const requireName = '__cloister_require';
const importName = '__cloister_import';

const options: TransformOptions = {
  format: 'cjs',
  target: 'es2023',
  platform: 'neutral',
  tsconfigRaw: '{}',
  logLevel: 'silent',
  logLimit: 0,
  logOverride: { 'unsupported-dynamic-import': 'warning', 'unsupported-require-call': 'warning' },
};

const namesById: ReadonlyMap<string, { readonly word: string; readonly name: string }> = new Map([
  ['unsupported-dynamic-import', { word: 'import', name: importName }],
  ['unsupported-require-call', { word: 'require', name: requireName }],
]);

const lineBreaks = /\r\n|[\n\r\u2028\u2029]/g;

/** Offsets in bytes, as esbuild counts columns. */
const lineStarts = (source: string): readonly number[] => {
  const starts = [0];
  let bytes = 0;
  let from = 0;
  for (const found of source.matchAll(lineBreaks)) {
    const to = found.index + found[0].length;
    bytes += Buffer.byteLength(source.slice(from, to));
    starts.push(bytes);
    from = to;
  }
  return starts;
};

const rename = (source: string, warnings: readonly Message[]): string => {
  const bytes = Buffer.from(source);
  const starts = lineStarts(source);
  const places = new Map<number, { readonly word: string; readonly name: string }>();
  for (const { id, location } of warnings) {
    const names = namesById.get(id);
    if (names === undefined || location === null) continue;
    const at = (starts[location.line - 1] ?? bytes.length) + location.column;
    if (bytes.toString('utf8', at, at + names.word.length) !== names.word)
      throw new Error(`a computed ${names.word} in line ${location.line} cannot be placed`);
    places.set(at, names);
  }
  const parts: Buffer[] = [];
  let from = 0;
  for (const [at, { word, name }] of [...places].sort(([left], [right]) => left - right)) {
    parts.push(bytes.subarray(from, at), Buffer.from(name));
    from = at + word.length;
  }
  return Buffer.concat([...parts, bytes.subarray(from)]).toString();
};

export type Detached = { readonly ok: true; readonly source: string } | { readonly ok: false; readonly errors: PartialMessage[] };

const errorsOf = (error: unknown): readonly Message[] | null =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors) ? error.errors : null;

/** The same source, with computed imports under names of ours. A source that does not parse ends here, with esbuild's own errors. */
export const detachComputedImports = async (source: string, loader: Loader, file: string): Promise<Detached> => {
  if (loader === 'json') return { ok: true, source };
  try {
    const { warnings } = await transform(source, { ...options, loader });
    return { ok: true, source: rename(source, warnings) };
  } catch (error) {
    const errors = errorsOf(error);
    if (errors === null) throw error;
    return {
      ok: false,
      errors: errors.map(({ text, location }) => ({ text, location: location === null ? null : { ...location, file } })),
    };
  }
};

const definitions = `var ${requireName} = require, ${importName} = (name) => Promise.resolve().then(() => { var found = require(String(name)); return found && found.__esModule ? found : Object.assign({ default: found }, found); });`;

/** What the new names mean in the cell: its own require, which knows built-ins only. */
export const defineComputedImports = (script: string): string =>
  script.includes(requireName) || script.includes(importName) ? definitions : '';

/** As they were written, in a module that others will read. */
export const restoreComputedImports = (text: string): string => text.replaceAll(requireName, 'require').replaceAll(importName, 'import');
