// Packages that try to bring what lies beside them into their bundle. Must never hold one that needs what lies outside.
import { endpointJson, type Files } from '../packages/package-writer.ts';

export interface HostilePackage {
  readonly name: string;
  readonly files: Files;
  /** What its script must have in it, where it may be read: then it got its own file, or nothing. null: it is refused. */
  readonly holds: string | null;
}

/** Beside the packages, in every form that something might look for. */
export const outside: Files = {
  'secret.js': 'module.exports = "canary";',
  'secret.json': '{"key":"canary"}',
  'secret.js.map': '{"version":3,"sources":["canary.js"],"sourcesContent":["canary"],"names":[],"mappings":"AAAA"}',
  'tsconfig.json': '{"compilerOptions":{"baseUrl":".","paths":{"mapped":["./secret.js"]},"jsxFactory":"canary"}}',
  'dependency/package.json': '{"name":"dependency","main":"index.js"}',
  'dependency/index.js': 'module.exports = "canary";',
  'dependency/jsx-runtime.js': 'export const jsx = () => "canary";',
  'node_modules/beside/index.js': 'module.exports = "canary";',
  'by-path/nodepath/index.js': 'module.exports = "canary";',
};

const source = (text: string, more: Files = {}): Files => ({ 'package.json': endpointJson(), 'src/index.js': text, ...more });
const importing = (specifier: string, more: Files = {}): Files =>
  source(`import x from ${JSON.stringify(specifier)}; export default () => x;`, more);
const refused = (name: string, files: Files): HostilePackage => ({ name, files, holds: null });
const read = (name: string, holds: string, files: Files): HostilePackage => ({ name, files, holds });
const own = 'module.exports = "its own";';
const dataMap = (map: object): string =>
  `data:application/json;base64,${Buffer.from(JSON.stringify({ version: 3, names: [], mappings: 'AAAA', ...map })).toString('base64')}`;

const links: readonly HostilePackage[] = [
  read('a link to a file of its own', 'its own', importing('./a.js', { 'src/a.js': { link: '../lib/a.js' }, 'lib/a.js': own })),
  read('a folder that is a link to its own', 'its own', importing('../linked/a.js', { linked: { link: 'lib' }, 'lib/a.js': own })),
  read(
    'a folder that is a link to itself, walked round and round',
    'its own',
    importing('../round/round/round/lib/a.js', { round: { link: '.' }, 'lib/a.js': own }),
  ),
  refused('a link to a link to outside', importing('./a.js', { 'src/a.js': { link: 'b.js' }, 'src/b.js': { link: '../../../secret.js' } })),
  refused('a folder that is a link to outside', importing('../up/secret.js', { up: { link: '../..' } })),
  refused('node_modules that is a link to outside', importing('beside', { node_modules: { link: '../../node_modules' } })),
  refused('a link to a secret of the process', importing('./a.js', { 'src/a.js': { link: '/proc/self/environ' } })),
  refused('a link to the system', importing('./a.json', { 'src/a.json': { link: '/etc/passwd' } })),
  refused('a link to a device without end', importing('./a.js', { 'src/a.js': { link: '/dev/zero' } })),
  refused('an entry that is a device', { 'package.json': endpointJson(), 'src/index.js': { link: '/dev/stdin' } }),
  refused('a link to its own folder, and out of it by a path', importing('../round/../../secret.js', { round: { link: '.' } })),
];

const specifiers: readonly HostilePackage[] = [
  '../../..',
  '../../../secret.js',
  './../.././../secret.js',
  './/..//..//..//secret.js',
  '../../../secret',
  '../../../dependency',
  'dependency/../../../../secret.js',
  'node_modules/../../../secret.js',
  '@../../../secret.js',
  '@a/../../../../secret.js',
  '..\\..\\..\\secret.js',
  './..%2f..%2f..%2fsecret.js',
  './%2e%2e/%2e%2e/%2e%2e/secret.js',
  './\u0000/../../../../secret.js',
  '../../../secret.js?x',
  '../../../secret.js#x',
  '#../../../secret.js',
  'FILE:///etc/hostname',
  'file:../../../secret.js',
  'data:application/json,1',
  'node:../../../secret.js',
  'beside',
  'nodepath',
  'mapped',
  '~/secret.js',
  '//localhost/secret.js',
  'C:\\secret.js',
].map((specifier) => refused(`an import of ${JSON.stringify(specifier)}`, importing(specifier)));

const forms: readonly HostilePackage[] = [
  refused('export … from', source('export * from "../../../secret.js"; export default 1')),
  refused('a dynamic import', source('export default () => import("../../../secret.js")')),
  refused('an import with attributes', source('import x from "../../../secret.json" with { type: "json" }; export default () => x')),
  refused('an import of bytes', source('import x from "../../../secret.js" with { type: "bytes" }; export default () => x')),
  refused('a require in TypeScript', {
    'package.json': endpointJson(),
    'src/index.ts': 'import x = require("../../../secret.js"); export default () => x',
  }),
  refused('a runtime for JSX that is named in a comment', {
    'package.json': endpointJson(),
    'src/index.js': 'import "./a.jsx"; export default 1',
    'src/a.jsx': '/** @jsxRuntime automatic @jsxImportSource ../../../dependency */ export default <a/>',
  }),
  read('a type of outside, which leaves nothing behind', 'router', {
    'package.json': endpointJson(),
    'src/index.ts':
      '/// <reference path="../../../secret.js" />\nimport type { X } from "../../../secret.js"; export default (router: X) => router',
  }),
  ...[
    'import(`../../../#{x}.js`)',
    'import(`../../../secret#{x}`)',
    'import("../../../" + x)',
    'import("../../../" + x + ".js", { with: { type: "json" } })',
    'import(/* webpackInclude: /secret/ */ `../../../#{x}`)',
    'require(`../../../#{x}.js`)',
    'require("../../../" + x)',
    'require.resolve("../../../secret.js")',
    'new URL("../../../secret.js", import.meta.url)',
    'import.meta.resolve?.("../../../secret.js")',
    'import.meta.glob?.("../../../*")',
    'new globalThis.Worker(new URL("../../../secret.js", import.meta.url))',
    '(0, require)("../../../secret.js")',
    'module.require?.("../../../secret.js")',
  ]
    .map((text) => text.replace('#{', '${'))
    .map((text) => read(`${text}, which is worked out in the cell`, 'worked out', source(`export default (x) => [${text}, "worked out"]`))),
];

const maps: readonly HostilePackage[] = [
  read('a source map that lies outside', 'its own', source(`${own}\n//# sourceMappingURL=../../../secret.js.map`)),
  read('a source map that is a device without end', 'its own', source(`${own}\n//# sourceMappingURL=file:///dev/zero`)),
  read(
    'a source map that lies outside, by URL, in a comment of the other kind',
    'its own',
    source(`${own}\n/*# sourceMappingURL=file:///etc/passwd */`),
  ),
  read(
    'a source map that lies outside, by URL, before one within',
    'its own',
    source(`${own}\n//# sourceMappingURL=file:///etc/passwd\n//# sourceMappingURL=${dataMap({ sources: ['a.js'] })}`),
  ),
  read('a source map that lies outside, by URL', 'its own', source(`${own}\n//# sourceMappingURL=file:///etc/hostname`)),
  read(
    'a source map that is a link to outside',
    'its own',
    source(`${own}\n//# sourceMappingURL=index.js.map`, { 'src/index.js.map': { link: '../../../secret.js.map' } }),
  ),
  read(
    'a source map within, whose sources lie outside',
    'its own',
    source(`${own}\n//# sourceMappingURL=${dataMap({ sources: ['../../../secret.js', '/etc/hostname'] })}`),
  ),
  read(
    'a source map within, whose root lies outside',
    'its own',
    source(`${own}\n//# sourceMappingURL=${dataMap({ sourceRoot: '../../..', sources: ['secret.js'], sourcesContent: [null] })}`),
  ),
  read(
    'a source map within that is no map',
    'its own',
    source(`${own}\n//# sourceMappingURL=${dataMap({ sources: 7, mappings: ';'.repeat(100_000) })}`),
  ),
];

const packageJsons: readonly HostilePackage[] = [
  read(
    'a browser field that leads outside is nobody’s',
    'its own',
    importing('./a.js', {
      'package.json': endpointJson({ browser: { './src/a.js': '../../secret.js', 'src/a.js': '../../../secret.js' } }),
      'src/a.js': own,
    }),
  ),
  read('a tsconfig that extends one outside is nobody’s', 'its own', {
    'package.json': endpointJson(),
    'tsconfig.json': '{"extends":"../../tsconfig.json"}',
    'src/index.ts': 'export default () => "its own"',
  }),
  refused(
    'a tsconfig whose paths lead outside is nobody’s either',
    importing('mapped', {
      'tsconfig.json': '{"compilerOptions":{"baseUrl":"../..","paths":{"mapped":["secret.js"]}}}',
      'src/tsconfig.json': '{"extends":"../../../tsconfig.json"}',
    }),
  ),
  ...[
    { exports: { '.': '../../../../secret.js' } },
    { exports: '../../../../secret.js' },
    { exports: { '.': './../../../../secret.js' } },
    { exports: { '.': './..%2f..%2f..%2f..%2fsecret.js' } },
    { exports: { '.': './..\\..\\..\\..\\secret.js' } },
    { exports: { '.': '/etc/hostname' } },
    { exports: { '.': 'file:///etc/hostname' } },
    { exports: { '.': ['../../../../secret.js', './../../../../secret.js'] } },
    { exports: { '.': { import: '../../../../secret.js', default: '../../../../secret.js' } } },
    { main: '../../../../secret.js' },
    { main: '/etc/hostname' },
    { main: './../../../../dependency' },
    { module: '../../../../secret.js', browser: '../../../../secret.js', source: '../../../../secret.js' },
  ].map((fields) =>
    refused(
      `a dependency with ${JSON.stringify(fields)}`,
      importing('dep', { 'node_modules/dep/package.json': JSON.stringify({ name: 'dep', ...fields }) }),
    ),
  ),
  refused(
    'a pattern of exports that is filled to lead outside',
    importing('dep/../../../../secret', { 'node_modules/dep/package.json': '{"exports":{"./*":"./lib/*.js"}}' }),
  ),
  ...[
    '../../secret.js',
    '/etc/hostname',
    'file:///etc/hostname',
    './../../secret.js',
    '../../../secret.js',
    '#x',
    'data:text/javascript,1',
  ].map((target) =>
    refused(`an import map to ${target}`, importing('#x', { 'package.json': endpointJson({ imports: { '#x': target } }) })),
  ),
  refused(
    'exports nested to the end of the file',
    importing('dep', { 'node_modules/dep/package.json': `{"exports":${'['.repeat(120_000)}${']'.repeat(120_000)}}` }),
  ),
  refused(
    'thousands of patterns of exports',
    importing(`dep/${'a'.repeat(2_000)}`, {
      'node_modules/dep/package.json': JSON.stringify({
        exports: Object.fromEntries(Array.from({ length: 8_000 }, (_, index) => [`./${index}*b`, './x.js'])),
      }),
    }),
  ),
  read(
    'and one of a dependency’s own',
    'its own',
    importing('dep/sub', {
      'node_modules/dep/package.json': '{"exports":{"./*":{"import":"./lib/*.js"}}}',
      'node_modules/dep/lib/sub.js': own,
    }),
  ),
];

const shapes: readonly HostilePackage[] = [
  read(
    'files that import each other, and themselves',
    'its own',
    importing('./a.js', {
      'src/a.js': 'export * from "./b.js"; export { default } from "./b.js";',
      'src/b.js': 'import * as a from "./a.js"; import "./b.js"; export default ["its own", a];',
    }),
  ),
  read('files whose names are code', 'its own', importing('./";process.exit(1);".js', { 'src/";process.exit(1);".js': own })),
  read('files whose names move a cursor', 'its own', importing('./\u001b[2Ja\u202e\nb.js', { 'src/\u001b[2Ja\u202e\nb.js': own })),
  read('files whose names are options', 'its own', importing('./--outfile=x.js', { 'src/--outfile=x.js': own })),
  refused(
    'a name that moves a cursor, of a file that is broken',
    importing('./\u001b[2Ja\u202e\nb.js', { 'src/\u001b[2Ja\u202e\nb.js': '(' }),
  ),
  refused('a folder in the place of the entry', { 'package.json': endpointJson(), 'src/index.js/a.js': own }),
  refused('a text in two bytes a letter', { 'package.json': endpointJson(), 'src/index.js': Buffer.from(own, 'utf16le') }),
  refused('code that would end the wrapper around it', source('}); globalThis.escaped = 1; (function () {')),
  read('a comment that would end it', 'its own', source(`${own} /* }); */ // });\n//# sourceURL=/etc/passwd`)),
];

export const hostilePackages: readonly HostilePackage[] = [...links, ...specifiers, ...forms, ...maps, ...packageJsons, ...shapes];
