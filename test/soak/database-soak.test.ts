// The soak in short: what `npm run soak:database` does with ten thousand requests. Must never pass with a fault.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runDatabaseSoak } from './database-soak.ts';
import { operations } from './traffic.ts';

test('600 requests with kills, timeouts, clients that leave and rollbacks leave no busy connection, no lock, no transaction and no row too many', async () => {
  const seed = Date.now() % 100_000;
  const report = await runDatabaseSoak({ requests: 600, connections: 50, seed, killEvery: 120 });
  assert.deepEqual(report.faults, [], `seed ${String(seed)}`);
  const sent = [...report.answers.values()].flatMap((counts) => [...counts.values()]).reduce((sum, count) => sum + count, 0);
  assert.equal(sent, 600);
  assert.ok(report.answers.size >= operations.length - 4, 'nearly every kind was among them');
  assert.ok((report.answers.get('commit')?.get('200') ?? 0) > 20, 'and most of it worked');
  assert.ok(report.wardsKilled > 0);
});
