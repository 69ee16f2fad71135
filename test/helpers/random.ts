// Chance that can be had again: one number gives the same sequence every time. Must never be used for secrets.

const variable = 'CLOISTER_TEST_SEED';

const choose = (): number => {
  const given = process.env[variable];
  const chosen = given === undefined || given === '' ? Math.floor(Math.random() * 0xffff_ffff) : Number(given);
  console.log(`seed ${chosen} (${variable}=${chosen} runs the same again)`);
  return chosen;
};
let seed: number | undefined;

/** What CLOISTER_TEST_SEED says, or one for this process; told once, so that a failure can be run again. */
export const readSeed = (): number => {
  seed ??= choose();
  return seed;
};

/** mulberry32: numbers from 0 up to 1. */
export const makeRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
};
