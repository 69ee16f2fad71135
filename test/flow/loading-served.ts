// The packages that loading is tested with: every form an extension may export. Data only.
import { directusExtension, extension } from '../helpers/runtime.ts';
import type { Files } from '../packages/package-writer.ts';

export const json = (value: object): string => JSON.stringify(value);
export const says = (what: string): string => `(router) => { router.get('/', (req, res) => res.json(${json({ what })})); }`;
const commonJs = (source: string): Files => ({ 'package.json': json({ version: '1.0.0', cloister: {} }), 'index.js': source });

export interface Served {
  readonly name: string;
  readonly folder: string;
  readonly files: Files;
  /** Mounts and what each answers. */
  readonly serves: Readonly<Record<string, string>>;
}

export const served: readonly Served[] = [
  {
    name: 'a function as default export',
    folder: 'function',
    files: extension(`export default ${says('function')}`),
    serves: { function: 'function' },
  },
  {
    name: '{ id, handler } as default export',
    folder: 'object',
    files: extension(`export default { id: 'chosen', handler: ${says('object')} };`),
    serves: { chosen: 'object' },
  },
  {
    name: '{ handler } without an id',
    folder: 'no-id',
    files: extension(`export default { handler: ${says('no id')} };`),
    serves: { 'no-id': 'no id' },
  },
  {
    name: 'an async register, awaited',
    folder: 'async',
    files: extension(
      `export default async (router) => { await new Promise((resolve) => setTimeout(resolve, 20)); (${says('async')})(router); };`,
    ),
    serves: { async: 'async' },
  },
  {
    name: 'an async handler in an object',
    folder: 'async-object',
    files: extension(
      `export default { id: 'async-object', handler: async (router) => { await null; (${says('async object')})(router); } };`,
    ),
    serves: { 'async-object': 'async object' },
  },
  {
    name: 'module.exports as a function',
    folder: 'exports',
    files: commonJs(`module.exports = ${says('exports')};`),
    serves: { exports: 'exports' },
  },
  {
    name: 'module.exports as an object',
    folder: 'exports-object',
    files: commonJs(`module.exports = { id: 'exported', handler: ${says('exports object')} };`),
    serves: { exported: 'exports object' },
  },
  {
    name: 'exports.default, as a compiler writes it',
    folder: 'exports-default',
    files: commonJs(`Object.defineProperty(exports, '__esModule', { value: true }); exports.default = ${says('compiled')};`),
    serves: { 'exports-default': 'compiled' },
  },
  {
    name: 'a function that has a property handler',
    folder: 'both',
    files: extension(`const register = ${says('the function')}; register.handler = ${says('the property')}; export default register;`),
    serves: { both: 'the function' },
  },
  {
    name: 'TypeScript source',
    folder: 'typescript',
    files: {
      'package.json': json({
        version: '1.0.0',
        type: 'module',
        'directus:extension': { type: 'endpoint', path: 'dist/index.js', source: 'src/index.ts', host: '^11.0.0' },
      }),
      'src/index.ts': `import type { Router } from 'express';\nimport { word } from './word.ts';\nenum Kind { One = 'typescript' }\nexport default (router: Router): void => { router.get('/', (_req, res) => { res.json({ what: word<Kind>(Kind.One) }); }); };`,
      'src/word.ts': 'export const word = <T extends string>(text: T): T => text satisfies string;',
    },
    serves: { typescript: 'typescript' },
  },
  {
    name: 'a Directus package with a built entry',
    folder: 'built',
    files: directusExtension(`export default ${says('built')}`),
    serves: { built: 'built' },
  },
  {
    name: 'a bare folder with index.js',
    folder: 'bare',
    files: { 'index.js': `module.exports = ${says('bare')};` },
    serves: { bare: 'bare' },
  },
  {
    name: 'the name of the package without its scope',
    folder: 'scoped',
    files: extension(`export default ${says('scoped')}`, {}, { name: '@somebody/unscoped' }),
    serves: { unscoped: 'scoped' },
  },
  {
    name: 'a bundle with several endpoints',
    folder: 'bundle',
    files: {
      'package.json': json({
        version: '1.0.0',
        type: 'module',
        'directus:extension': {
          type: 'bundle',
          path: { app: 'dist/app.js', api: 'dist/api.js' },
          entries: [
            { type: 'endpoint', name: 'first', source: 'src/first.js' },
            { type: 'endpoint', name: 'second', source: 'src/second.js' },
          ],
          host: '^11.0.0',
        },
      }),
      'dist/api.js': `export const hooks = []; export const endpoints = [{ name: 'first', config: ${says('first')} }, { name: 'second', config: { id: 'renamed', handler: ${says('second')} } }];`,
    },
    serves: { first: 'first', renamed: 'second' },
  },
  {
    name: 'a bundle from the sources of its entries',
    folder: 'bundle-source',
    files: {
      'package.json': json({
        version: '1.0.0',
        type: 'module',
        'directus:extension': {
          type: 'bundle',
          path: { app: 'dist/app.js', api: 'dist/api.js' },
          entries: [
            { type: 'endpoint', name: 'third', source: 'src/third.js' },
            { type: 'endpoint', name: 'fourth', source: 'src/fourth.js' },
          ],
          host: '^11.0.0',
        },
      }),
      'src/third.js': `export default ${says('third')};`,
      'src/fourth.js': `import { word } from './shared.js'; export default { id: 'four', handler: (router) => { router.get('/', (req, res) => res.json({ what: word })); } };`,
      'src/shared.js': `export const word = 'fourth';`,
    },
    serves: { third: 'third', four: 'fourth' },
  },
  {
    name: 'Unicode in what it says',
    folder: 'unicode',
    files: extension(`export default ${says('grüße 😀 \u2028')}`),
    serves: { unicode: 'grüße 😀 \u2028' },
  },
];
