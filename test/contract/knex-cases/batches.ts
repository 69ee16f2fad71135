// Cases of batches. Each runs as text: must use nothing but its arguments.
import type { Knex } from 'knex';
import type { DifferentialCase } from '../../helpers/database-differential.ts';

type Run = (k: Knex) => unknown;
const list = (cases: readonly (readonly [string, Run])[]): readonly DifferentialCase[] => cases;

export const batchCases = list([
  [
    'batchInsert',
    (k) =>
      k
        .batchInsert(
          'authors',
          Array.from({ length: 7 }, (_, n) => ({ name: `n${n}` })),
          3,
        )
        .returning(['id'] as never),
  ],
  ['batchInsert without returning', async (k) => (await k.batchInsert('authors', [{ name: 'a' }, { name: 'b' }])).length],
  [
    'batchInsert that fails in its second chunk leaves nothing',
    (k) => k.batchInsert('articles', [{ title: 'a' }, { title: 'b' }, { title: 'title 1' }], 2),
  ],
  [
    'batchInsert in a transaction',
    (k) =>
      k.transaction(async (trx) => {
        await k.batchInsert('authors', [{ name: 'a' }, { name: 'b' }], 1).transacting(trx);
        throw new Error('back');
      }),
  ],
  ['batchInsert of nonsense', (k) => k.batchInsert('authors', [{ name: 'a' }], 0)],
]);
