// Cases of isolation and read-only transactions. Each runs as text: must use nothing but its arguments.
import type { Knex } from 'knex';
import type { DifferentialCase } from '../../helpers/database-differential.ts';

/** The shortest way to a list of cases with one kind of function. */
type Run = (k: Knex) => unknown;
const list = (cases: readonly (readonly [string, Run])[]): readonly DifferentialCase[] => cases;

export const isolationCases = list([
  ...(['read uncommitted', 'read committed', 'repeatable read', 'serializable'] as const).map((isolationLevel): readonly [string, Run] => [
    `isolation ${isolationLevel}`,
    new Function('k', `return k.transaction(async (trx) => trx('articles').count(), { isolationLevel: '${isolationLevel}' })`) as Run,
  ]),
  [
    'isolation set afterwards',
    async (k) => {
      const trx = await k.transaction({ isolationLevel: 'repeatable read' });
      const first = await trx('authors').count();
      await k('authors').insert({ name: 'late' });
      const second = await trx('authors').count();
      await trx.commit();
      return [first, second];
    },
  ],
  [
    'serializable that conflicts',
    async (k) => {
      const trx = await k.transaction({ isolationLevel: 'serializable' });
      await trx('authors').where({ id: 1 }).select();
      await k('authors').where({ id: 1 }).update({ name: 'other' });
      try {
        return await trx('authors').where({ id: 1 }).update({ name: 'mine' });
      } finally {
        await trx.rollback();
      }
    },
  ],
  ['an isolation there is none of', (k) => k.transaction(async (trx) => trx('authors'), { isolationLevel: 'nonsense' as 'snapshot' })],
  ['read-only reads', (k) => k.transaction(async (trx) => trx('authors').orderBy('id').pluck('name'), { readOnly: true })],
  ['read-only does not write', (k) => k.transaction(async (trx) => trx('authors').insert({ name: 'x' }), { readOnly: true })],
  [
    'read-only and repeatable',
    (k) => k.transaction(async (trx) => trx('authors').count(), { readOnly: true, isolationLevel: 'repeatable read' }),
  ],
]);
