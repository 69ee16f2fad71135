// Long tables are tried in part by `npm test` and whole by `npm run test:escape`. Must never leave out a row for good: which part it is follows from the seed.
import { readSeed } from './random.ts';

export const isWhole = process.env['CLOISTER_TEST_WHOLE'] === '1';

/** Every `step`th of a list, beginning somewhere; all of it in a whole run. */
export const thinned = <Item>(list: readonly Item[], step: number): readonly Item[] => {
  if (isWhole) return list;
  const first = readSeed() % step;
  return list.filter((_, index) => index % step === first);
};
