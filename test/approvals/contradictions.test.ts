// A lock and what it may not contradict: its package, the ceiling, the configuration. Must never see a host start over one.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { CloisterOptions } from '../../src/options.ts';
import { asking, type ConsentFixture, type EditableEntry, openConsentFixture, says } from '../helpers/consent.ts';

let fixture: ConsentFixture;
before(async () => {
  fixture = await openConsentFixture();
  await fixture.write('greet', says('one'), asking('A', 'B'));
  await fixture.approve('greet');
});
after(() => fixture.close());

describe('a lock that contradicts', () => {
  const rows: readonly (readonly [string, Partial<CloisterOptions>, (entry: EditableEntry) => void, string])[] = [
    [
      'its package, by wishes',
      {},
      (entry) => {
        entry.asked = asking('A', 'B', 'SECRET');
      },
      'ERR_LOCK_INVALID',
    ],
    [
      'its package, by script',
      {},
      (entry) => {
        entry.artifact = '0'.repeat(64);
      },
      'ERR_LOCK_INVALID',
    ],
    [
      'what was asked, by a capability',
      {},
      (entry) => {
        entry.approved.capabilities['headers'] = { names: [] };
      },
      'ERR_LOCK_INVALID',
    ],
    [
      'the want of a ceiling, by audit',
      {},
      (entry) => {
        entry.approved.mode = 'audit';
      },
      'ERR_OPTIONS_INVALID',
    ],
    ['the ceiling', { ceiling: { capabilities: {} } }, () => undefined, 'ERR_OPTIONS_INVALID'],
    ['an approval in the configuration', { approvals: { Greet: 'requested' } }, () => undefined, 'ERR_OPTIONS_INVALID'],
    ['an approval of everything', { approvals: 'requested' }, () => undefined, 'ERR_OPTIONS_INVALID'],
    ['its name, for it is not there', { lock: '/nowhere/cloister.lock.json' }, () => undefined, 'ERR_LOCK_INVALID'],
    ['itself: a table without a database', { lock: { table: true } }, () => undefined, 'ERR_OPTIONS_INVALID'],
  ];
  for (const [name, options, change, code] of rows)
    test(`${name}: the host does not start`, async () => {
      const was = await readFile(fixture.lock, 'utf8');
      try {
        await fixture.edit('greet', change);
        await assert.rejects(fixture.serve(options), { code });
      } finally {
        await writeFile(fixture.lock, was);
      }
    });
});
