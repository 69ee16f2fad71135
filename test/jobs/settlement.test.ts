// What becomes of a job by what its host says of it. Must never need a queue.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '../../src/errors.ts';
import { decideVerdict } from '../../src/events/decide-verdict.ts';
import { decideSettlement, defaultTerms } from '../../src/jobs/decide-settlement.ts';

const settle = (code: ErrorCode, attempt: number, ageMs: number) =>
  decideSettlement(
    decideVerdict({ outcome: { kind: 'failed', error: { status: 503, code, message: 'away', details: {} } }, waited: false }),
    { attempt, ageMs },
    defaultTerms,
  );

for (const code of ['ERR_EXTENSION_PARKED', 'ERR_QUOTA_EXCEEDED', 'ERR_LEDGER_UNAVAILABLE', 'ERR_TENANT_UNAVAILABLE'] as const)
  test(`a job that could not begin by ${code} waits longer and longer, counts no attempt, and ends after a day`, () => {
    const delays = [10, 60_000, 7_200_000].map((ageMs) => {
      const settlement = settle(code, 5, ageMs);
      assert.ok(settlement.kind === 'again' && !settlement.counts);
      return settlement.delayMs;
    });
    assert.deepEqual(delays, [1_000, 60_000, 300_000]);
    assert.equal(settle(code, 1, 86_400_001).kind, 'dead');
  });

test('a job for which there was no room so often is dead', () => {
  assert.equal(settle('ERR_CAPACITY_EXCEEDED', 4, 10).kind, 'again');
  assert.equal(settle('ERR_CAPACITY_EXCEEDED', 5, 10).kind, 'dead');
});
