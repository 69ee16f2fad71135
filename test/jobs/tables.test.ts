// The page that a DBA copies from has the SQL that Cloister itself runs.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tablesSql } from '../../src/jobs/database/tables.ts';

test('docs/jobs.md has the SQL of the tables', async () => {
  assert.ok((await readFile(join(import.meta.dirname, '../../docs/jobs.md'), 'utf8')).includes(tablesSql));
});
