// The maps of package.json by Node's rules. Invariant: no target leaves its package. Must never touch a file.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decideExport, decideImport } from '../../src/packages/exports-map.ts';

const conditions = new Set(['node', 'import']);

describe('an exports map', () => {
  const cases: readonly (readonly [string, unknown, string, string | null])[] = [
    ['text stands for the package itself', './a.js', '.', './a.js'],
    ['text exports nothing below', './a.js', './b', null],
    ['conditions without subpaths stand for the package itself', { require: './a.cjs', import: './a.mjs' }, '.', './a.mjs'],
    ['the first condition that fits wins', { node: './n.js', import: './i.js' }, '.', './n.js'],
    ['default fits always', { browser: './b.js', default: './d.js' }, '.', './d.js'],
    ['no condition fits', { browser: './b.js' }, '.', null],
    ['conditions nest, and an inner miss goes on outside', { node: { require: './r.js' }, default: './d.js' }, '.', './d.js'],
    ['null shuts', { '.': './a.js', './x/*': './x/*.js', './x/secret': null }, './x/secret', null],
    ['a condition of null shuts and is not passed over', { node: null, default: './d.js' }, '.', null],
    ['a star fills in', { './x/*': './lib/*.js' }, './x/a/b', './lib/a/b.js'],
    ['a star needs something', { './x/*': './lib/*.js' }, './x/', null],
    ['the longest beginning wins', { './*': './1/*', './x/*': './2/*' }, './x/a', './2/a'],
    ['the longest key wins where beginnings are equal', { './x/*': './1/*', './x/*.js': './2/*.js' }, './x/a.js', './2/a.js'],
    ['a star may have an end', { './x/*.js': './lib/*.mjs' }, './x/a.js', './lib/a.mjs'],
    ['the first of a list that is valid', { '.': ['not-relative', './a.js'] }, '.', './a.js'],
    ['a target that climbs', { '.': './../../a.js' }, '.', null],
    ['a target that climbs in the middle', { '.': './a/../../b.js' }, '.', null],
    ['a target that climbs by its star', { './*': './lib/*' }, './../../a', null],
    ['a target in node_modules', { '.': './node_modules/b/index.js' }, '.', null],
    ['a target that is absolute', { '.': '/etc/passwd' }, '.', null],
    ['a target that is another package', { '.': 'other' }, '.', null],
    ['a target that is a number', { '.': 7 }, '.', null],
    ['names of Object.prototype', {}, 'toString', null],
  ];
  for (const [name, exports, subpath, expected] of cases)
    test(name, () => assert.equal(decideExport(exports, subpath, conditions), expected));
});

describe('an imports map', () => {
  const cases: readonly (readonly [string, unknown, string, string | null])[] = [
    ['may name a file', { '#a': './a.js' }, '#a', './a.js'],
    ['may name another package', { '#a': { node: 'dep/sub' } }, '#a', 'dep/sub'],
    ['may hold a star', { '#a/*': './lib/*.js' }, '#a/b', './lib/b.js'],
    ['may not climb', { '#a': '../a.js' }, '#a', null],
    ['may not be absolute', { '#a': '/etc/passwd' }, '#a', null],
    ['has no name "#"', { '#': './a.js' }, '#', null],
    ['that is no map has nothing', ['#a'], '#a', null],
  ];
  for (const [name, imports, specifier, expected] of cases)
    test(name, () => assert.equal(decideImport(imports, specifier, conditions), expected));
});
