// Which attacks are tried in which positions: every way and every position once, the rest by chance from a seed. Must never depend on anything but the seed.
import { makeRandom, readSeed } from './random.ts';

export interface Attacker {
  readonly ways: Readonly<Record<string, unknown>>;
  readonly positions: Readonly<Record<string, unknown>>;
}
export type Pair = readonly [position: string, way: string];

export const loadAttacker = async (): Promise<Attacker> =>
  (await import(new URL('../fixtures/guest/attacker.js', import.meta.url).href)) as Attacker;

/** `more`: pairs by chance beside. */
export const choosePairs = ({ ways, positions }: Attacker, more: number): readonly Pair[] => {
  const random = makeRandom(readSeed());
  const [wayNames, positionNames] = [Object.keys(ways), Object.keys(positions)];
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? '';
  const pairs: Pair[] = [
    ...wayNames.map((way): Pair => [pick(positionNames), way]),
    ...positionNames.map((position): Pair => [position, pick(wayNames)]),
    ...Array.from({ length: more }, (): Pair => [pick(positionNames), pick(wayNames)]),
  ];
  return pairs;
};
