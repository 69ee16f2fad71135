// docs/limits.md and the READMEs say what the code does: no limit without its row, no row without its limit, no number that has gone stale.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { emitterBounds } from '../../src/capabilities/emitter/bounds.ts';
import { envBounds } from '../../src/capabilities/env/bounds.ts';
import { kvBounds } from '../../src/capabilities/kv/bounds.ts';
import { logBounds } from '../../src/capabilities/log/bounds.ts';
import { routerBounds } from '../../src/capabilities/router/bounds.ts';
import { servicesBounds } from '../../src/capabilities/services/bounds.ts';
import { limitTable } from '../../src/limits/table.ts';
import { fillTables, limitsFile, limitTables, linesOf, placesIn } from './limit-tables.ts';

const text = await readFile(limitsFile, 'utf8');

describe('docs/limits.md', () => {
  test('has a place for every table, and none for one that is not', () => assert.deepEqual(placesIn(text), [...limitTables.keys()]));
  test('has every row as the code has it; if not, run node test/meta/limit-tables.ts', () =>
    assert.deepEqual(linesOf(text), linesOf(fillTables(text))));
  test('has no row of a limit outside the tables that are written', () => {
    const written = new Set(linesOf([...limitTables.values()].flat().join('\n')));
    const rows = linesOf(text).filter((line) => /^\|`\w+`\|[^|]*\|[\d,]+\|/.test(line));
    assert.deepEqual(
      rows.filter((row) => !written.has(row)),
      [],
    );
    assert.ok(rows.length > Object.keys(limitTable).length);
  });
  test('says of every limit of a request what its breach does', () => {
    const breaches = text.slice(text.indexOf('What a breach does'), text.indexOf('## Of reading packages'));
    const named = [...breaches.matchAll(/^\| (`[^|]*`) +\|/gm)].flatMap(([, names]) =>
      [...(names ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name ?? ''),
    );
    assert.deepEqual(named.toSorted(), Object.keys(limitTable).toSorted());
  });
});

describe('a limit', () => {
  for (const [name, row] of Object.entries(limitTable)) {
    test(`${name} has its default between floor and ceiling`, () => assert.ok(row.floor <= row.default && row.default <= row.ceiling));
  }
});

describe('the README of a capability', () => {
  for (const [name, bounds] of [
    ['emitter', emitterBounds],
    ['env', envBounds],
    ['kv', kvBounds],
    ['log', logBounds],
    ['router', routerBounds],
    ['services', servicesBounds],
  ] as const) {
    test(`of ${name} states its bounds as they are`, async () => {
      const readme = await readFile(join(import.meta.dirname, '../../src/capabilities', name, 'README.md'), 'utf8');
      const limits = readme.slice(readme.indexOf('## Limits'));
      for (const { value } of Object.values<{ readonly value: number }>(bounds))
        assert.match(limits, new RegExp(`\\b${value.toLocaleString('en-US')}\\b`));
    });
  }
});
