// Cases of transactions and savepoints. Each runs as text: must use nothing but its arguments.
import type { Knex } from 'knex';
import type { DifferentialCase } from '../../helpers/database-differential.ts';

/** The shortest way to a list of cases with one kind of function. */
type Run = (k: Knex) => unknown;
const list = (cases: readonly (readonly [string, Run])[]): readonly DifferentialCase[] => cases;

export const transactionCases = list([
  ['a callback that returns commits', (k) => k.transaction(async (trx) => trx('articles').insert({ title: 'a' }).returning('id'))],
  [
    'a callback that throws rolls back, with its error',
    (k) =>
      k.transaction(async (trx) => {
        await trx('articles').insert({ title: 'a' });
        throw new Error('mine');
      }),
  ],
  [
    'a callback that throws at once',
    (k) =>
      k.transaction(() => {
        throw new Error('at once');
      }),
  ],
  [
    'a statement that fails takes all with it',
    (k) =>
      k.transaction(async (trx) => {
        await trx('articles').insert({ title: 'a' });
        await trx('articles').insert({ title: 'title 1' });
      }),
  ],
  [
    'after a caught failure the transaction has failed',
    (k) =>
      k.transaction(async (trx) => {
        await trx('articles')
          .insert({ title: 'title 1' })
          .catch(() => undefined);
        return trx('articles').count();
      }),
  ],
  [
    'a caught failure and a commit is a rollback',
    (k) =>
      k.transaction(async (trx) => {
        await trx('articles').insert({ title: 'a' });
        await trx('articles')
          .insert({ title: 'title 1' })
          .catch(() => undefined);
        return 'fine';
      }),
  ],
  [
    'commit by hand',
    async (k) => {
      const trx = await k.transaction();
      await trx('articles').insert({ title: 'a' });
      const before = trx.isCompleted();
      await trx.commit('value');
      return [before, trx.isCompleted(), await trx.executionPromise];
    },
  ],
  [
    'rollback by hand',
    async (k) => {
      const trx = await k.transaction();
      await trx('articles').insert({ title: 'a' });
      await trx.rollback();
      return [trx.isCompleted(), await trx.executionPromise];
    },
  ],
  [
    'rollback by hand with an error',
    async (k) => {
      const trx = await k.transaction();
      const promise = trx.executionPromise.catch((error: Error) => error.message);
      await trx.rollback(new Error('because'));
      return promise;
    },
  ],
  [
    'rollback that rejects',
    async (k) => {
      const trx = await k.transaction(undefined, { doNotRejectOnRollback: false });
      const promise = trx.executionPromise.catch((error: Error) => error.message);
      await trx.rollback();
      return promise;
    },
  ],
  [
    'commit inside the callback',
    (k) =>
      k.transaction((trx) => {
        trx('articles')
          .insert({ title: 'a' })
          .then(() => trx.commit('done'))
          .catch(trx.rollback);
      }),
  ],
  [
    'use after the end',
    async (k) => {
      const trx = await k.transaction();
      await trx.commit();
      return trx('articles').select('id');
    },
  ],
  [
    'a second commit',
    async (k) => {
      const trx = await k.transaction();
      await trx.commit();
      return trx.commit();
    },
  ],
  [
    'transacting',
    async (k) => {
      const trx = await k.transaction();
      await k('articles').insert({ title: 'a' }).transacting(trx);
      const inside = await k('articles').where({ title: 'a' }).transacting(trx).pluck('title');
      const outside = await k('articles').where({ title: 'a' }).pluck('title');
      await trx.rollback();
      return [inside, outside];
    },
  ],
  [
    'raw with transacting',
    (k) => k.transaction(async (trx) => (await k.raw('select count(*)::int as n from articles').transacting(trx)).rows),
  ],
  [
    'transactionProvider gives one transaction',
    async (k) => {
      const provide = k.transactionProvider();
      const first = await provide();
      const second = await provide();
      await first('articles').insert({ title: 'a' });
      await second.commit();
      return first === second;
    },
  ],
  [
    'what others see before and after',
    async (k) => {
      const trx = await k.transaction();
      await trx('articles').where({ id: 1 }).update({ views: 999 });
      const before = await k('articles').where({ id: 1 }).pluck('views');
      await trx.commit();
      return [before, await k('articles').where({ id: 1 }).pluck('views')];
    },
  ],
  [
    'a nested one that stays',
    (k) =>
      k.transaction(async (trx) => {
        await trx('articles').insert({ title: 'outer' });
        await trx.transaction(async (inner) => inner('articles').insert({ title: 'inner' }));
        return trx('articles').whereIn('title', ['outer', 'inner']).orderBy('title').pluck('title');
      }),
  ],
  [
    'a nested one that goes',
    (k) =>
      k.transaction(async (trx) => {
        await trx('articles').insert({ title: 'outer' });
        await trx
          .transaction(async (inner) => {
            await inner('articles').insert({ title: 'inner' });
            throw new Error('inner');
          })
          .catch(() => undefined);
        return trx('articles').whereIn('title', ['outer', 'inner']).pluck('title');
      }),
  ],
  [
    'a failure inside a savepoint leaves the outer one whole',
    (k) =>
      k.transaction(async (trx) => {
        await trx('articles').insert({ title: 'outer' });
        await trx.transaction(async (inner) => inner('articles').insert({ title: 'title 1' })).catch(() => undefined);
        await trx('articles').insert({ title: 'after' });
      }),
  ],
  [
    'three deep, the middle one gone',
    (k) =>
      k.transaction(async (one) => {
        await one('authors').insert({ name: 'one' });
        await one
          .transaction(async (two) => {
            await two('authors').insert({ name: 'two' });
            await two.transaction(async (three) => three('authors').insert({ name: 'three' }));
            throw new Error('two');
          })
          .catch(() => undefined);
        return one('authors').orderBy('id').pluck('name');
      }),
  ],
  [
    'savepoint by name of the method',
    (k) =>
      k.transaction(async (trx) => {
        await trx.savepoint(async (inner) => inner('authors').insert({ name: 'x' }));
        return trx('authors').count();
      }),
  ],
  [
    'nested by hand',
    (k) =>
      k.transaction(async (trx) => {
        const inner = await trx.transaction();
        await inner('authors').insert({ name: 'x' });
        await inner.rollback();
        return [inner.isCompleted(), trx.isCompleted(), await trx('authors').pluck('name')];
      }),
  ],
  [
    'siblings one after another',
    (k) =>
      k.transaction(async (trx) => {
        await Promise.all(['x', 'y', 'z'].map((name) => trx.transaction(async (inner) => inner('authors').insert({ name }))));
        return trx('authors').orderBy('id').pluck('name');
      }),
  ],
  [
    'many statements at once run in order',
    (k) =>
      k.transaction(async (trx) => {
        await Promise.all(Array.from({ length: 12 }, (_, n) => trx('authors').insert({ name: `n${n}` })));
        return trx('authors').orderBy('id').pluck('name');
      }),
  ],
  [
    'two at once do not see each other',
    async (k) => {
      const [one, two] = await Promise.all([k.transaction(), k.transaction()]);
      await one('authors').insert({ name: 'one' });
      const seen = await two('authors').pluck('name');
      await Promise.all([one.rollback(), two.commit()]);
      return seen;
    },
  ],
  ['forUpdate and skipLocked', (k) => k.transaction(async (trx) => trx('articles').where({ id: 1 }).forUpdate().skipLocked().pluck('id'))],
  [
    'a row another one holds, noWait',
    async (k) => {
      const trx = await k.transaction();
      await trx('articles').where({ id: 1 }).forUpdate();
      try {
        return await k('articles').where({ id: 1 }).forUpdate().noWait();
      } finally {
        await trx.rollback();
      }
    },
  ],
  ['isTransaction', async (k) => k.transaction(async (trx) => [trx.isTransaction, k.isTransaction])],
  [
    'userParams are inherited',
    async (k) => k.withUserParams({ tenant: 7 }).transaction(async (trx) => [trx.userParams, (await trx('authors')).length]),
  ],
  [
    'onConflict merge in a transaction',
    (k) =>
      k.transaction(async (trx) =>
        trx('articles').insert({ title: 'title 1', views: 7 }).onConflict('title').merge(['views']).returning(['id', 'views']),
      ),
  ],
  [
    'a trx used as a callback argument elsewhere',
    (k) =>
      k.transaction(async (trx) => {
        const insert = async (db: Knex, name: string): Promise<unknown> => db('authors').insert({ name }).returning('id');
        return [await insert(trx, 'x'), await insert(trx, 'y')];
      }),
  ],
]);
