// Packages whose source cannot be bundled, and what the refusal must say. Must never hold a package that could be read.
import { type BadPackage, source } from './bad-package.ts';
import { endpointJson } from './package-writer.ts';

export const badSources: readonly BadPackage[] = [
  {
    name: 'a syntax error',
    files: source('export default (router => {\n  router.get(;\n}'),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['src/index.js:2:14', 'Unexpected ";"'],
  },
  {
    name: 'a type error is none, but broken TypeScript is',
    files: { 'package.json': endpointJson(), 'src/index.ts': 'export default (a: ): void => {}' },
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['src/index.ts:1:20'],
  },
  {
    name: 'an import that is nowhere',
    files: source('import pad from "left-pad"; export default () => pad;'),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['src/index.js:1:17', 'cannot find "left-pad"'],
  },
  {
    name: 'a relative import that is nowhere',
    files: source('import "./none.js";'),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['src/index.js', 'cannot find "./none.js"'],
  },
  {
    name: 'a require that is nowhere',
    files: source('module.exports = require("left-pad");'),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['src/index.js', 'cannot find "left-pad"'],
  },
  {
    name: 'a dependency of the host is not one of the extension',
    files: source('import knex from "knex"; export default knex;'),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['cannot find "knex"'],
  },
  {
    name: 'an import that is not exported',
    files: source('import { b } from "./a.js"; export default b;', { 'src/a.js': 'export const a = 1;' }),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['src/index.js:1:10', 'No matching export'],
  },
  {
    name: 'await outside a function',
    files: source('await null; export default () => {};'),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['src/index.js:1:1', 'await outside a function'],
  },
  {
    name: 'a relative import that climbs out',
    files: source('import "../../../secret.js";'),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['src/index.js', '../../../secret.js', 'leads outside'],
  },
  {
    name: 'a relative import that climbs out to nothing',
    files: source('import "../../../none.js";'),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['src/index.js', '../../../none.js', 'leads outside'],
  },
  {
    name: 'a climbing require inside a try block',
    files: source('try { require("../../../secret.js") } catch {} export default 1'),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['leads outside'],
  },
  {
    name: 'an import that is a link to outside',
    files: source('import "./a.js";', { 'src/a.js': { link: '../../../secret.js' } }),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['src/a.js', 'leads outside'],
  },
  {
    name: 'a dependency that is a link to outside',
    files: source('import "dep";', { 'node_modules/dep': { link: '../../../dependency' } }),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['node_modules/dep', 'leads outside'],
  },
  {
    name: 'a dependency whose package.json is a link to outside',
    files: source('import "dep";', { 'node_modules/dep/package.json': { link: '../../../../secret.json' } }),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['node_modules/dep/package.json', 'leads outside'],
  },
  {
    name: 'a dependency whose main climbs out',
    files: source('import "dep";', { 'node_modules/dep/package.json': '{"main":"../../../../secret.js"}' }),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['leads outside'],
  },
  {
    name: 'an absolute import',
    files: source('import "/etc/hostname";'),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['/etc/hostname', 'leads outside'],
  },
  {
    name: 'an import by URL',
    files: source('import "https://example.com/a.js";'),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['https://example.com/a.js', 'leads outside'],
  },
  { name: 'an import of data', files: source('import "data:text/javascript,1";'), code: 'ERR_PACKAGE_BUNDLE', says: ['leads outside'] },
  { name: 'a file URL', files: source('import "file:///etc/hostname";'), code: 'ERR_PACKAGE_BUNDLE', says: ['leads outside'] },
  {
    name: 'native code',
    files: source('const a = require("./a.node"); export default a;', { 'src/a.node': '\u007fELF' }),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['src/a.node', 'native code'],
  },
  {
    name: 'a style sheet',
    files: source('import "./a.css";', { 'src/a.css': 'a{}' }),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['src/a.css', 'cannot be bundled'],
  },
  { name: 'broken JSON', files: source('import "./a.json";', { 'src/a.json': '{' }), code: 'ERR_PACKAGE_BUNDLE', says: ['src/a.json'] },
  { name: 'a built-in that does not exist', files: source('import "node:nothing";'), code: 'ERR_PACKAGE_BUNDLE', says: ['node:nothing'] },
  {
    name: 'an imports map that leads to itself',
    files: source('import "#a";', { 'package.json': endpointJson({ imports: { '#a': '#b', '#b': '#a' } }) }),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['#a'],
  },
  {
    name: 'control characters in an import are shown escaped',
    files: source('import "a\\u001b[31m\\nb";'),
    code: 'ERR_PACKAGE_BUNDLE',
    says: ['cannot find'],
  },
  {
    name: 'a source nested so deep that it ends the bundler',
    files: source('['.repeat(1_200_000)),
    code: 'ERR_PACKAGE_BUNDLE',
    // Whichever comes first: its own end, or what it takes of memory.
    says: ['bundle'],
  },
];
