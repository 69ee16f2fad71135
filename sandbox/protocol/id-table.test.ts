// The table must never lose, mix up or bring back a value, whatever comes and goes in whatever order.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { IdTable } from './id-table.ts';

/** The same pseudo-random numbers in every run. */
const makeRandom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

const contentsOf = (table: IdTable<string>): readonly string[] => [...table.values()].sort();

describe('a table by id', () => {
  test('holds what a Map holds through fifty thousand changes', () => {
    const random = makeRandom(7);
    const table = new IdTable<string>();
    const model = new Map<number, string>();
    let last = 0;
    for (let step = 0; step < 50_000; step += 1) {
      const known = [...model.keys()];
      const choice = random();
      if (choice < 0.5) {
        last += 1 + Math.floor(random() * 3);
        table.set(last, `value ${last}`);
        model.set(last, `value ${last}`);
      } else if (known.length > 0) {
        const id = known[Math.floor(random() * known.length)] ?? 0;
        if (choice < 0.95) assert.equal(table.delete(id), model.delete(id));
        else {
          table.set(id, `again ${step}`);
          model.set(id, `again ${step}`);
        }
      }
      assert.equal(table.size, model.size);
      const asked = 1 + Math.floor(random() * (last + 5));
      assert.equal(table.get(asked), model.get(asked));
      if (step % 1_000 === 0) assert.deepEqual(contentsOf(table), [...model.values()].sort());
    }
  });

  const strange: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['a negative number', -1],
    ['a fraction', 1.5],
    ['2³²', 2 ** 32],
    ['2³² and a known id', 2 ** 32 + 1],
    ['NaN', Number.NaN],
  ];
  for (const [name, id] of strange)
    test(`${name} is no id of anything in it`, () => {
      const table = new IdTable<string>();
      table.set(1, 'one');
      assert.equal(table.get(id), undefined);
      assert.equal(table.delete(id), false);
      assert.deepEqual(contentsOf(table), ['one']);
    });

  test('is empty once it was cleared, and goes on', () => {
    const table = new IdTable<string>();
    for (let id = 1; id <= 100; id += 1) table.set(id, `value ${id}`);
    table.clear();
    assert.equal(table.size, 0);
    assert.equal(table.get(5), undefined);
    table.set(5, 'five');
    assert.deepEqual(contentsOf(table), ['five']);
  });
});
