// docs/wire.md has a row for every kind of frame and message, and none for what is not there. Must never restate the numbers.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fromGuest, toGuest, toHost, toWard } from '../../sandbox/protocol/kinds.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/wire.md'), 'utf8');
const sectionOf = (title: string): string => text.split(`## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
const firstColumn = (section: string): readonly string[] =>
  section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map((match) => match[1] ?? ''));

describe('docs/wire.md lists every kind once', () => {
  const rows: readonly (readonly [string, object])[] = [
    ['Host to ward', toWard],
    ['Ward to host', toHost],
  ];
  for (const [title, kinds] of rows)
    test(title, () => assert.deepEqual([...firstColumn(sectionOf(title))].sort(), Object.keys(kinds).sort()));
  test('Between ward and guest', () => {
    const named = [
      ...(sectionOf('Between ward and guest')
        .split('\n\n')[0]
        ?.matchAll(/`(\w+)`/g) ?? []),
    ].map((match) => match[1] ?? '');
    assert.deepEqual([...named].sort(), [...Object.keys(toGuest), ...Object.keys(fromGuest)].sort());
  });
});

test('no two kinds of one direction share a number', () => {
  for (const kinds of [toWard, toHost, toGuest, fromGuest]) assert.equal(new Set(Object.values(kinds)).size, Object.keys(kinds).length);
});
