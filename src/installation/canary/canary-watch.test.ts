// What of the ledger counts for a canary, and for whom: records in, verdicts out. Must never need a ward.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LedgerRecord } from '../../ledger/entry.ts';
import { CanaryWatch } from './canary-watch.ts';

const none = { requests: 0, errors: 0, limits: 0, crashes: 0 };
const pair = { extension: 'x', currentVersion: '1', canaryVersion: '2', since: 'monday' };

interface Asked {
  readonly version?: string;
  readonly client?: string;
  readonly limit?: string;
  readonly status?: number;
  readonly outcome?: string;
}

const open = () => {
  const returned: string[] = [];
  const watch = new CanaryWatch({ now: () => 1, onVerdict: (extension) => void returned.push(extension) });
  watch.watch(pair);
  let last = 0;
  const ask = (times: number, { version = '2', client, limit, status = 200, outcome = 'answered' }: Asked): void => {
    for (let time = 0; time < times; time += 1) {
      last += 1;
      const about = { extension: 'x', version, tenant: 't', request: `r${last}` };
      if (client !== undefined) watch.meets('x', about.request, client);
      if (limit !== undefined) watch.take({ ...about, kind: 'limit', limit, allowed: 1, used: 2 } as unknown as LedgerRecord);
      watch.take({ ...about, kind: 'request.end', status, outcome } as unknown as LedgerRecord);
    }
  };
  return { watch, ask, returned };
};

const fails: Asked = { status: 500, outcome: 'ERR_EXTENSION_FAILED' };
const tardy = { status: 504, outcome: 'ERR_DEADLINE_EXCEEDED' };

describe('a canary', () => {
  const cases: readonly (readonly [string, readonly (readonly [number, Asked])[], boolean])[] = [
    ['is not ended by who reads slowly', [[30, { ...tardy, limit: 'streamIdleMs' }]], false],
    ['is ended by a deadline of its own', [[30, { ...tardy, limit: 'wallMs' }]], true],
    ['is not ended by one client, however often it asks', [[200, { ...fails, client: 'ana' }]], false],
    [
      'is ended by two',
      [
        [5, { ...fails, client: 'ana' }],
        [5, { ...fails, client: 'ben' }],
      ],
      true,
    ],
    [
      'is not ended by one among many that fare well',
      [
        [40, { client: 'ben' }],
        [200, { ...fails, client: 'ana' }],
      ],
      false,
    ],
    ['is ended by requests of which nobody knows whose they are', [[10, fails]], true],
    ['is ended by one client that crashes it', [[3, { status: 502, outcome: 'ERR_WARD_CRASHED', client: 'ana' }]], true],
  ];
  for (const [name, asked, isReturned] of cases)
    test(name, () => {
      const { ask, returned } = open();
      ask(50, { version: '1' });
      for (const [times, what] of asked) ask(times, what);
      assert.deepEqual(returned, isReturned ? ['x'] : []);
    });

  test('is judged by what it did in this trial, and not in the one before', () => {
    const { watch, ask } = open();
    ask(4, fails);
    watch.watch({ ...pair });
    assert.equal(watch.tallies('x')?.canary.errors, 4);
    watch.watch({ ...pair, since: 'tuesday' });
    assert.deepEqual(watch.tallies('x'), { canary: none, current: none });
  });
});
