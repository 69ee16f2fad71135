// SECURITY.md says what is so: its proofs exist, every promise has one, and the trusted base is as large as it says. Must never be satisfied by a promise without a test.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findTestFiles } from '../../scripts/test/files.ts';
import { countLines, countTrustedBase, trustedBase } from './trusted-base.ts';

const root = dirname(dirname(import.meta.dirname));
const page = readFileSync(join(root, 'SECURITY.md'), 'utf8');

test('each promise names tests that prove it, and they exist', () => {
  const promises = [...page.matchAll(/^\*\*([PW]\d)\..*$/gm)].map(([, name]) => name);
  assert.deepEqual(promises, ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8', 'W1', 'W2', 'W3', 'W4', 'W5']);
  for (const part of page.split(/^(?=\*\*[PW]\d\.)/m).slice(1)) {
    const proof = /^Proof: (.*)$/m.exec(part)?.[1];
    assert.ok(proof !== undefined, part.slice(0, 60));
    const paths = [...proof.matchAll(/`([^`]+)`/g)].map(([, path]) => path ?? '');
    assert.ok(paths.length > 0, proof);
    for (const path of paths) assert.notDeepEqual(findTestFiles(root, [path.replace(/\*.*$/, '')]), [], path);
  }
});
test('every file it names is there', () => {
  for (const [, path] of page.matchAll(/`((?:src|sandbox|test|docs|scripts)\/[\w./-]+)`/g))
    assert.ok(existsSync(join(root, path ?? '')) || findTestFiles(root, [path ?? '']).length > 0, path);
});
test('the trusted base is as large as it says, give or take a quarter', () => {
  const from = page.indexOf('<!-- table: trusted -->');
  const table = page.slice(from, page.indexOf('<!-- end -->', from));
  const rows = [...table.matchAll(/^\| ([^|]+) \| ([\d,]+) \|/gm)].map(
    ([, name, lines]) => [name, Number(lines?.replaceAll(',', ''))] as const,
  );
  assert.deepEqual(
    rows.map(([name]) => name),
    trustedBase.map(({ name }) => name),
    'node test/meta/trusted-base.ts prints the rows',
  );
  for (const [index, part] of trustedBase.entries()) {
    const lines = countLines(part);
    const said = rows[index]?.[1] ?? 0;
    assert.ok(Math.abs(lines - said) <= Math.max(150, lines / 4), `${part.name}: ${lines} lines, SECURITY.md says ${said}`);
  }
  const all = Number(/are in all about ([\d,]+) lines/.exec(page)?.[1]?.replaceAll(',', ''));
  assert.ok(Math.abs(countTrustedBase() - all) <= all / 10, `${countTrustedBase()} lines in all`);
});
