// Which attacks are tried in which positions: every way and every position, the rest by chance from a seed. Must never depend on anything but the seed.
import { makeRandom, readSeed } from './random.ts';

export interface Attacker {
  readonly ways: Readonly<Record<string, unknown>>;
  readonly positions: Readonly<Record<string, unknown>>;
}
export type Pair = readonly [position: string, way: string];

export const loadAttacker = async (): Promise<Attacker> =>
  (await import(new URL('../fixtures/guest/attacker.js', import.meta.url).href)) as Attacker;

/** `more`: pairs by chance, beside those that have every way and every position once between them. */
export const choosePairs = ({ ways, positions }: Attacker, more: number): readonly Pair[] => {
  const random = makeRandom(readSeed());
  const [wayNames, positionNames] = [Object.keys(ways), Object.keys(positions)];
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? '';
  const shuffle = (list: readonly string[]): readonly string[] =>
    list
      .map((name) => [random(), name] as const)
      .sort(([one], [other]) => one - other)
      .map(([, name]) => name);
  const [shuffledWays, shuffledPositions] = [shuffle(wayNames), shuffle(positionNames)];
  const most = Math.max(wayNames.length, positionNames.length);
  return [
    ...Array.from({ length: most }, (_, at): Pair => [shuffledPositions[at] ?? pick(positionNames), shuffledWays[at] ?? pick(wayNames)]),
    ...Array.from({ length: more }, (): Pair => [pick(positionNames), pick(wayNames)]),
  ];
};
