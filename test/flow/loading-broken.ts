// The packages that loading must refuse: every way of failing. Data only.
import { extension } from '../helpers/runtime.ts';
import type { Files } from '../packages/package-writer.ts';
import { json } from './loading-served.ts';

const short = { limits: { registerMs: 400, memoryMb: 32 } };

export interface Broken {
  readonly name: string;
  readonly folder: string;
  readonly files: Files;
  readonly code: string;
  readonly line: RegExp;
}

export const broken: readonly Broken[] = [
  {
    name: 'a register that throws',
    folder: 'throws',
    files: extension(`export default () => { throw new TypeError('no such luck'); };`),
    code: 'ERR_REGISTER_FAILED',
    line: /^extension throws: index\.js: .*no such luck/,
  },
  {
    name: 'a register that rejects',
    folder: 'rejects',
    files: extension(`export default async () => { await null; throw new Error('rejected'); };`),
    code: 'ERR_REGISTER_FAILED',
    line: /^extension rejects: index\.js: .*rejected/,
  },
  {
    name: 'a module that throws when it is evaluated',
    folder: 'evaluates',
    files: extension(`throw new Error('at the top'); export default () => {};`),
    code: 'ERR_REGISTER_FAILED',
    line: /^extension evaluates: index\.js: .*at the top/,
  },
  {
    name: 'a register that loops',
    folder: 'loops',
    files: extension('export default () => { for (;;); };', short),
    code: 'ERR_REGISTER_FAILED',
    line: /^extension loops: index\.js: .*registerMs/,
  },
  {
    name: 'a module that loops when it is evaluated',
    folder: 'loops-early',
    files: extension('for (;;); export default () => {};', short),
    code: 'ERR_REGISTER_FAILED',
    line: /^extension loops-early: index\.js: .*registerMs/,
  },
  {
    name: 'a register that loops after an await',
    folder: 'loops-later',
    files: extension('export default async () => { await null; for (;;); };', short),
    code: 'ERR_REGISTER_FAILED',
    line: /^extension loops-later: index\.js: .*registerMs/,
  },
  {
    name: 'a register that never settles',
    folder: 'hangs',
    files: extension('export default () => new Promise(() => undefined);', short),
    code: 'ERR_REGISTER_FAILED',
    line: /^extension hangs: index\.js: .*registerMs/,
  },
  {
    name: 'a register that takes all memory',
    folder: 'bomb',
    files: extension('export default () => { const kept = []; for (;;) kept.push(new Array(1000).fill(1.5)); };', {
      limits: { registerMs: 30_000 },
    }),
    code: 'ERR_REGISTER_FAILED',
    line: /^extension bomb: index\.js: .*memory/,
  },
  {
    name: 'a register that ends its process',
    folder: 'crash',
    files: extension('export default () => { new Array(2 ** 32 - 1).fill(0); };', short),
    code: 'ERR_REGISTER_FAILED',
    line: /^extension crash: index\.js: /,
  },
  {
    name: 'a module without a register function',
    folder: 'nothing',
    files: extension('export const other = 1;'),
    code: 'ERR_REGISTER_FAILED',
    line: /^extension nothing: index\.js: .*neither a register function/,
  },
  {
    name: 'an empty bundle',
    folder: 'empty',
    files: extension('export const endpoints = [];'),
    code: 'ERR_REGISTER_FAILED',
    line: /^extension empty: index\.js: /,
  },
  {
    name: 'a bundle entry without a register function',
    folder: 'half',
    files: extension(`export const endpoints = [{ name: 'half', config: {} }];`),
    code: 'ERR_REGISTER_FAILED',
    line: /^extension half: index\.js: .*endpoints\[0\]/,
  },
  {
    name: 'an id that is no text',
    folder: 'number-id',
    files: extension('export default { id: 7, handler: () => {} };'),
    code: 'ERR_REGISTER_FAILED',
    line: /^extension number-id: index\.js: .*id/,
  },
  ...['..', 'a/b', '', 'a b', '_cloister', '__proto__', 'x'.repeat(65), 'é'].map((id, index) => ({
    name: `the id ${json({ id })}`,
    folder: `bad-id-${index}`,
    files: extension(`export default { id: ${JSON.stringify(id)}, handler: () => {} };`),
    code: 'ERR_PACKAGE_INVALID',
    line: new RegExp(`^extension bad-id-${index}: index\\.js: .*an extension id of 1 to 64`),
  })),
  {
    name: 'two endpoints of one bundle with the same id',
    folder: 'twins',
    files: extension(`const config = () => {}; export const endpoints = [{ name: 'Same', config }, { name: 'same', config }];`),
    code: 'ERR_EXTENSION_CONFLICT',
    line: /^extension twins: /,
  },
  {
    name: 'a syntax error',
    folder: 'syntax',
    files: extension('export default ('),
    code: 'ERR_PACKAGE_BUNDLE',
    line: /^extension syntax: index\.js/,
  },
  {
    name: 'an import of what is not there',
    folder: 'missing',
    files: extension(`import './none.js'; export default () => {};`),
    code: 'ERR_PACKAGE_BUNDLE',
    line: /^extension missing: index\.js.*none\.js/,
  },
  {
    name: 'an unknown key in its manifest',
    folder: 'manifest',
    files: extension('export default () => {};', { capabilitys: {} }),
    code: 'ERR_MANIFEST_INVALID',
    line: /^extension manifest: package\.json#\/cloister.*"capabilities"/,
  },
  {
    name: 'a missing entry',
    folder: 'no-entry',
    files: { 'package.json': json({ version: '1.0.0', cloister: {} }) },
    code: 'ERR_PACKAGE_INVALID',
    line: /^extension no-entry: /,
  },
  {
    name: 'a thrown value that is no error',
    folder: 'throws-text',
    files: extension(`export default () => { throw 'just text'; };`),
    code: 'ERR_REGISTER_FAILED',
    line: /^extension throws-text: index\.js: .*just text/,
  },
  {
    name: 'a thrown error with line breaks',
    folder: 'throws-lines',
    files: extension(`export default () => { throw new Error('one\\nextension other: two\\u001b[31m'); };`),
    code: 'ERR_REGISTER_FAILED',
    line: /^extension throws-lines: index\.js: [^\n]*one/,
  },
];
