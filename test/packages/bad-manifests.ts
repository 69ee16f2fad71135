// Packages whose package.json, manifest or entry is wrong, and what the refusal must say. Must never hold a package that could be read.
import type { BadPackage } from './bad-package.ts';
import { asJson, endpointJson, type Files } from './package-writer.ts';

const manifest = (cloister: unknown): Files => ({
  'package.json': asJson({ name: 'bad', cloister }),
  'index.js': 'module.exports = () => {}',
});

export const badManifests: readonly BadPackage[] = [
  // package.json
  {
    name: 'package.json is not JSON',
    files: { 'package.json': '{"name": }' },
    code: 'ERR_PACKAGE_INVALID',
    says: ['package.json', 'not JSON'],
  },
  {
    name: 'package.json is a list',
    files: { 'package.json': '[]' },
    code: 'ERR_PACKAGE_INVALID',
    says: ['package.json', 'expected an object', 'found an empty list'],
  },
  {
    name: 'package.json is too large',
    files: { 'package.json': endpointJson({ filler: 'x'.repeat(300_000) }) },
    code: 'ERR_PACKAGE_INVALID',
    says: ['package.json', 'over the limit of 262144'],
  },
  {
    name: 'package.json holds a key twice',
    files: { 'package.json': '{"name":"a","cloister":{},"name":"b"}' },
    code: 'ERR_PACKAGE_INVALID',
    says: ['package.json', '"name"', 'twice'],
  },
  {
    name: 'package.json holds __proto__',
    files: { 'package.json': '{"name":"a","cloister":{"\\u005f_proto__":{}}}' },
    code: 'ERR_PACKAGE_INVALID',
    says: ['package.json#/cloister', '__proto__'],
  },
  {
    name: 'package.json is no UTF-8',
    files: { 'package.json': new Uint8Array([0x7b, 0xff, 0x7d]) },
    code: 'ERR_PACKAGE_INVALID',
    says: ['package.json', 'UTF-8'],
  },
  {
    name: 'the name is a number',
    files: { 'package.json': endpointJson({ name: 7 }) },
    code: 'ERR_PACKAGE_INVALID',
    says: ['package.json#/name', 'a string', 'found 7'],
  },
  {
    name: 'the name is no id',
    files: { 'package.json': endpointJson({ name: '@a/b c' }), 'src/index.js': '' },
    code: 'ERR_PACKAGE_INVALID',
    says: ['package.json#/name', '"b c"'],
  },
  {
    name: 'the name is the reserved one',
    files: { 'package.json': endpointJson({ name: '_Cloister' }), 'src/index.js': '' },
    code: 'ERR_PACKAGE_INVALID',
    says: ['_Cloister'],
  },
  {
    name: 'the type is one that does not run here',
    files: { 'package.json': endpointJson({}, { type: 'panel' }) },
    code: 'ERR_PACKAGE_INVALID',
    says: ['directus:extension/type', '"endpoint", "hook" or "bundle"', '"panel"'],
  },
  {
    name: 'the path is a number',
    files: { 'package.json': endpointJson({}, { path: 7 }) },
    code: 'ERR_PACKAGE_INVALID',
    says: ['directus:extension/path', 'found 7'],
  },
  // manifest
  {
    name: 'an unknown manifest key',
    files: manifest({ capabilites: {} }),
    code: 'ERR_MANIFEST_INVALID',
    says: ['package.json#/cloister', '"capabilites"', 'did you mean "capabilities"?'],
  },
  {
    name: 'an unknown capability',
    files: manifest({ capabilities: { datbase: {} } }),
    code: 'ERR_MANIFEST_INVALID',
    says: ['package.json#/cloister/capabilities', 'did you mean "database"?'],
  },
  {
    name: 'an unknown limit',
    files: manifest({ limits: { cpuMS: 5 } }),
    code: 'ERR_MANIFEST_INVALID',
    says: ['#/cloister/limits', 'did you mean "cpuMs"?'],
  },
  {
    name: 'a limit of the wrong type',
    files: manifest({ limits: { cpuMs: 'fast' } }),
    code: 'ERR_MANIFEST_INVALID',
    says: ['#/cloister/limits/cpuMs', 'a whole number from 1 to 60000', '"fast"'],
  },
  {
    name: 'a limit over the ceiling',
    files: manifest({ limits: { cpuMs: 60_001 } }),
    code: 'ERR_MANIFEST_INVALID',
    says: ['#/cloister/limits/cpuMs', 'from 1 to 60000', '60001'],
  },
  {
    name: 'a grant of the wrong type',
    files: manifest({ capabilities: { env: { keys: 'A' } } }),
    code: 'ERR_MANIFEST_INVALID',
    says: ['#/cloister/capabilities/env/keys', 'a list', '"A"'],
  },
  {
    name: 'a manifest that is no object',
    files: manifest(true),
    code: 'ERR_MANIFEST_INVALID',
    says: ['package.json#/cloister', 'an object', 'found true'],
  },
  {
    name: 'an Express version that does not exist',
    files: manifest({ express: 3 }),
    code: 'ERR_MANIFEST_INVALID',
    says: ['#/cloister/express', '4 or 5', 'found 3'],
  },
  // entry
  {
    name: 'no entry at all',
    files: { 'package.json': endpointJson() },
    code: 'ERR_PACKAGE_INVALID',
    says: ['package.json', 'no entry file', 'dist/index.js', 'src/index.ts'],
  },
  {
    name: 'the named entry is missing',
    files: { 'package.json': endpointJson({}, { path: 'lib/none.js' }) },
    code: 'ERR_PACKAGE_INVALID',
    says: ['no entry file', 'lib/none.js'],
  },
  {
    name: 'the named entry is a folder',
    files: { 'package.json': endpointJson({}, { path: 'lib' }), 'lib/a.js': '' },
    code: 'ERR_PACKAGE_INVALID',
    says: ['no entry file'],
  },
  {
    name: 'the named entry climbs out',
    files: { 'package.json': endpointJson({}, { path: '../../secret.js' }) },
    code: 'ERR_PACKAGE_INVALID',
    says: ['../../secret.js', 'leads outside'],
  },
  {
    name: 'the named entry climbs out to nothing',
    files: { 'package.json': endpointJson({}, { path: '../../none.js' }) },
    code: 'ERR_PACKAGE_INVALID',
    says: ['../../none.js', 'leads outside'],
  },
  {
    name: 'the named entry is absolute',
    files: { 'package.json': endpointJson({}, { path: '/etc/passwd' }) },
    code: 'ERR_PACKAGE_INVALID',
    says: ['leads outside'],
  },
  {
    name: 'the entry is a link to outside',
    files: { 'package.json': endpointJson(), 'dist/index.js': { link: '../../../secret.js' } },
    code: 'ERR_PACKAGE_INVALID',
    says: ['dist/index.js', 'leads outside'],
  },
  {
    name: 'the folder of the entry is a link to outside',
    files: { 'package.json': endpointJson({}, { path: 'dist/index.js' }), dist: { link: '../../dependency' } },
    code: 'ERR_PACKAGE_INVALID',
    says: ['dist/index.js', 'leads outside'],
  },
  {
    name: 'the entry is a link to itself',
    files: { 'package.json': endpointJson(), 'dist/index.js': { link: 'index.js' } },
    code: 'ERR_PACKAGE_INVALID',
    says: ['dist/index.js', 'leads to itself'],
  },
  {
    name: 'package.json is a link to outside',
    files: { 'package.json': { link: '../../secret.json' } },
    code: 'ERR_PACKAGE_INVALID',
    says: ['package.json', 'leads outside'],
  },
  {
    name: 'a source of a bundle is missing',
    files: { 'package.json': endpointJson({}, { type: 'bundle', entries: [{ type: 'endpoint', name: 'one', source: 'src/none.js' }] }) },
    code: 'ERR_PACKAGE_INVALID',
    says: ['src/none.js', '"one"'],
  },
];
