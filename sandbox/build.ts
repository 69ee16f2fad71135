// Builds what runs on the far side: four guest bundles (Express 4 or 5, with or without Knex), the parts a cell loads when it needs them, and the ward. Must never let host code or a node built-in into a guest bundle.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { builtinModules, createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { type BuildOptions, build, type Metafile, type OnLoadResult, type OnResolveArgs, type Plugin, type ResolveResult } from 'esbuild';
import { sharedModules } from './platform/shared-modules.ts';
import { fileStandIns, keepsMediaType, packages, patches, refusing, type StandIn, sendStandIn, standIns } from './platform/trim/trims.ts';

export interface GuestProfile {
  readonly express: 4 | 5;
  readonly knex: boolean;
}

export const guestProfiles: readonly GuestProfile[] = [
  { express: 4, knex: false },
  { express: 4, knex: true },
  { express: 5, knex: false },
  { express: 5, knex: true },
];

/** Files of sandbox/platform/parts: too heavy for the image of every cell. */
export const guestParts = ['zlib', 'brotli', 'hash', 'crypto', 'streams'] as const;

export const guestPartName = (part: string): string => `guest-part-${part}.js`;

export const guestBundleName = ({ express, knex }: GuestProfile): string => `guest-e${express}${knex ? '-knex' : ''}.js`;

const root = resolve(import.meta.dirname, '..');
const trimFolder = join(import.meta.dirname, 'platform/trim');
const databaseGuest = join(root, 'src/capabilities/database/guest.ts');
const require = createRequire(import.meta.url);
const builtinNames = new Set(builtinModules);
const sharedPrefix = 'cloister:shared/';
const isShared: ReadonlySet<string> = new Set(sharedModules);

/** A guest's asynchronous functions become generators over Promise.then, where the kernel's patch sees each of their steps. */
export const loweredAsync = { 'async-await': false, 'async-generator': false, 'for-await': false } as const;

/** The source that makes a stand-in what a CommonJS require() of the replaced module gives. */
const adapt = ({ file, export: name }: StandIn): OnLoadResult => ({
  contents: `module.exports = require(${JSON.stringify(join(trimFolder, file))})${name === undefined ? '' : `.${name}`}`,
  resolveDir: trimFolder,
  loader: 'js',
});

const selectCapability = (knex: boolean): OnLoadResult => ({
  contents: knex ? `export { makeGuest as default } from ${JSON.stringify(databaseGuest)}` : `export { default } from './no-database.ts'`,
  resolveDir: trimFolder,
  loader: 'ts',
});

type MediaTypes = Readonly<
  Record<string, { readonly extensions?: readonly string[]; readonly source?: string; readonly charset?: string } | readonly string[]>
>;

/** The table of mime or mime-db with the types that are kept, as text that unfolds when it is loaded: half the size of the JSON. */
const trimMediaTypes = (json: string): string => {
  const lines: string[] = [];
  let isList = false;
  for (const [type, entry] of Object.entries(JSON.parse(json) as MediaTypes)) {
    if (!keepsMediaType(type)) continue;
    // mime's table has the extensions alone, mime-db's an object with what no server asks for besides.
    isList = 'length' in entry;
    const { extensions, source = '', charset = '' } = 'length' in entry ? { extensions: entry } : entry;
    if (extensions !== undefined && extensions.length > 0)
      lines.push([type, extensions.join(' '), ...(isList ? [] : [source, charset])].join(',').replace(/,+$/, ''));
  }
  const value = isList ? 'extensions.split(" ")' : '{ extensions: extensions.split(" "), source: source || undefined, charset }';
  return `module.exports = Object.fromEntries(${JSON.stringify(lines.join(';'))}.split(';').map((line) => { const [type, extensions, source, charset] = line.split(','); return [type, ${value}]; }));`;
};

/** The source of a package's file with the changes trims.ts lists for it; fails where the package is no longer what they were made for. */
export const patchSource = (path: string, source: string): string => {
  let contents = source;
  for (const { find, replace, times } of patches.filter((patch) => patch.path.test(path))) {
    const found = contents.split(find).length - 1;
    if (found !== times)
      throw new Error(
        `${relative(root, path)}: expected ${times} × ${JSON.stringify(find)} and found ${found}; the package changed, so look at sandbox/platform/trim/trims.ts again`,
      );
    contents = contents.replaceAll(find, replace);
  }
  return contents;
};

/** Puts the stand-ins in place and sends every node built-in to the platform's own. */
const makeGuestPlugin = (profile: GuestProfile): Plugin => ({
  name: 'cloister-guest',
  setup(esbuild) {
    const expressFolder = dirname(require.resolve(profile.express === 4 ? 'express4/package.json' : 'express/package.json'));
    const table = new Map<string, StandIn>([...Object.entries(standIns), ['send', sendStandIn[profile.express]]]);
    const alias = new Map(Object.entries(packages));
    const resolveFrom = (resolveDir: string, name: string, { kind, importer }: OnResolveArgs): Promise<ResolveResult> =>
      esbuild.resolve(name, { resolveDir, kind, importer, pluginData: 'passed on' });
    const standInPath = (standIn: StandIn): { path: string; namespace: string; pluginData: StandIn } => ({
      path: basename(standIn.file, '.ts') + (standIn.export === undefined ? '' : `#${standIn.export}`),
      namespace: 'cloister',
      pluginData: standIn,
    });

    // Filters are matched inside esbuild; a callback for every import of the bundle would take longer than the build.
    const names = [...table.keys(), ...alias.keys(), ...builtinNames, 'qs'].map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    esbuild.onResolve({ filter: new RegExp(`^(node:)?(${names.join('|')})$`) }, (args) => {
      if (args.kind === 'entry-point' || args.pluginData === 'passed on') return undefined;
      const name = args.path.replace(/^node:/, '');
      const standIn = table.get(name);
      if (standIn !== undefined) return standInPath(standIn);
      const target = alias.get(name);
      if (target !== undefined) return resolveFrom(root, target, args);
      // One qs for Express, the kernel and node:url, and the one Express was tested with.
      return name === 'qs' ? resolveFrom(expressFolder, name, args) : standInPath(refusing(name));
    });
    esbuild.onResolve({ filter: /^cloister:/ }, (args) => {
      if (args.path === 'cloister:express') return { path: join(trimFolder, `express-${profile.express}.ts`) };
      if (args.path === 'cloister:database')
        return { path: `database-${profile.knex}`, namespace: 'cloister-select', pluginData: profile.knex };
      // What a stand-in puts off, it loads under this name.
      return resolveFrom(expressFolder, args.path.replace('cloister:real/', ''), args);
    });
    esbuild.onLoad({ filter: /.*/, namespace: 'cloister' }, (args) => adapt(args.pluginData as StandIn));
    esbuild.onLoad({ filter: /.*/, namespace: 'cloister-select' }, (args) => selectCapability(args.pluginData as boolean));
    for (const { path, standIn } of fileStandIns) esbuild.onLoad({ filter: path }, () => adapt(standIn));
    esbuild.onLoad({ filter: /\/(mime-db\/db|mime\/types)\.json$/ }, async (args) => ({
      contents: trimMediaTypes(await readFile(args.path, 'utf8')),
      loader: 'js',
    }));
    for (const path of new Set(patches.map((patch) => patch.path)))
      esbuild.onLoad({ filter: path }, async (args) => ({
        contents: patchSource(args.path, await readFile(args.path, 'utf8')),
        loader: 'js',
      }));
  },
});

/** Leaves out of a part what the image has already: parts.ts hands it over. */
const makeSharedPlugin = (): Plugin => ({
  name: 'cloister-shared',
  setup(esbuild) {
    const platform = join(import.meta.dirname, 'platform');
    esbuild.onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir }) => {
      const name = relative(platform, resolve(resolveDir, path));
      return isShared.has(name) ? { path: `${sharedPrefix}${name}`, external: true } : undefined;
    });
    esbuild.onResolve({ filter: /^readable-stream$/ }, ({ path }) => ({ path: `${sharedPrefix}${path}`, external: true }));
  },
});

/** What a guest bundle may be made of: the far side, the guest sides of capabilities, and packages. */
const guestInputs = [
  /^sandbox\/(kernel|platform|protocol)\//,
  /^src\/capabilities\/[^/]+\/guest(?:\.ts$|\/)/,
  /(^|\/)node_modules\//,
  /^cloister(-select)?:/,
];

/** What only parts are made of: in the image it would lie in every cell. */
const partInputs =
  /^sandbox\/platform\/(parts|zlib|crypto)\/|(^|\/)node_modules\/(pako|brotli|web-streams-polyfill|@noble\/(hashes|curves))\//;

/** Refuses a bundle with a file in it that a guest may not hold, or with an import left over. */
export const checkGuestInputs = (metafile: Metafile, made: 'image' | 'part' = 'image'): void => {
  for (const input of Object.keys(metafile.inputs)) {
    if (made === 'image' && partInputs.test(input)) throw new Error(`the startup image would hold ${input}, which belongs to a part`);
    if (!guestInputs.some((allowed) => allowed.test(input)))
      throw new Error(`the guest bundle would hold ${input}: a guest may have nothing of the host but the guest files of capabilities`);
  }
  for (const [file, output] of Object.entries(metafile.outputs)) {
    const left = output.imports.find((entry) => entry.external && !entry.path.startsWith(sharedPrefix));
    if (left !== undefined) throw new Error(`${file} would import ${left.path}: a guest has no modules besides its bundle`);
  }
};

export interface GuestBuild extends GuestProfile {
  /** The kernel; tests have a smaller one. */
  readonly entry: string;
  readonly outfile: string;
}

const guestOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: 'es2024',
  // With keepNames a hello took four times as long, with plain identifiers a cell 0.3 MB more: platform/names.ts names what guests see.
  minify: true,
  metafile: true,
  logLevel: 'error',
  supported: loweredAsync,
  define: { global: 'globalThis', 'process.env.READABLE_STREAM': '""', 'process.env.DEBUG_MIME': 'undefined' },
  inject: [join(import.meta.dirname, 'platform/inject.ts')],
} as const satisfies BuildOptions;

/** Builds one guest bundle: a classic script, because a startup image is made of one. Returns what went into it. */
export const buildGuest = async ({ entry, outfile, ...profile }: GuestBuild): Promise<Metafile> => {
  const result = await build({
    ...guestOptions,
    entryPoints: [entry],
    outfile,
    format: 'iife',
    sourcemap: 'external',
    plugins: [makeGuestPlugin(profile)],
  });
  checkGuestInputs(result.metafile);
  return result.metafile;
};

/** Builds one part: the text of a function of (require, module) that parts.ts calls. */
export const buildPart = async (part: string, outfile: string): Promise<Metafile> => {
  const result = await build({
    ...guestOptions,
    entryPoints: [join(import.meta.dirname, `platform/parts/${part}.ts`)],
    outfile,
    format: 'cjs',
    sourcemap: false,
    banner: { js: '(function(require,module){' },
    footer: { js: `})\n//# sourceURL=cloister:${part}` },
    plugins: [makeSharedPlugin(), makeGuestPlugin({ express: 5, knex: false })],
  });
  checkGuestInputs(result.metafile, 'part');
  return result.metafile;
};

/** Builds everything of the far side into `folder`. */
export const buildSandbox = async (folder = join(root, 'dist/sandbox')): Promise<void> => {
  const ward: BuildOptions = {
    entryPoints: ['main', 'image', 'probe']
      .map((name) => ({ in: join(import.meta.dirname, `ward/${name}.ts`), out: name === 'main' ? 'ward' : name }))
      .filter(({ in: file }) => existsSync(file)),
    outdir: folder,
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: ['isolated-vm'],
    sourcemap: 'external',
    logLevel: 'error',
  };
  await Promise.all([
    build(ward),
    ...guestProfiles.map((profile) =>
      buildGuest({ ...profile, entry: join(import.meta.dirname, 'kernel/main.ts'), outfile: join(folder, guestBundleName(profile)) }),
    ),
    ...guestParts.map((part) => buildPart(part, join(folder, guestPartName(part)))),
  ]);
};

if (import.meta.main) await buildSandbox();
