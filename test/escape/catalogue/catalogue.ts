// All cases, class by class, with the names of the classes. Must never leave a class out.
import { aroundCases } from './around.ts';
import type { Case } from './case.ts';
import { exhaustionCases } from './exhaustion.ts';
import { outwardCases } from './outward.ts';
import { realmCases } from './realm.ts';
import { supplyCases } from './supply.ts';

/** Letter, name, and how many cases the list has that the suite was written from. */
export const classes = [
  ['A', 'the realm and what crosses it', 28],
  ['B', 'handles of the engine and the calls', 13],
  ['C', 'prototypes over the bridge', 14],
  ['D', 'exhaustion', 49],
  ['E', 'the database', 33],
  ['F', 'the network', 28],
  ['G', 'HTTP', 23],
  ['H', 'tenants and requests', 18],
  ['I', 'packages', 18],
  ['J', 'the ledger', 16],
  ['K', 'configuration and process', 8],
] as const;

export const catalogue: readonly Case[] = [...realmCases, ...exhaustionCases, ...outwardCases, ...aroundCases, ...supplyCases];
export const casesOf = (letter: string): readonly Case[] => catalogue.filter(({ id }) => id.startsWith(letter));

/** The table of SECURITY.md: `node test/escape/catalogue/catalogue.ts` prints it. */
export const makeTable = (): string =>
  [
    '| class | cases | held | out of scope | by which wall |',
    '| --- | --: | --: | --: | --- |',
    ...classes.map(([letter, name]) => {
      const cases = casesOf(letter);
      const held = cases.filter(({ wall }) => wall !== null);
      const counts = new Map<string, number>();
      for (const { wall } of held) counts.set(wall ?? '', (counts.get(wall ?? '') ?? 0) + 1);
      const walls = [...counts].sort(([, one], [, other]) => other - one).map(([wall, count]) => `${wall} ${count}`);
      return `| ${letter}: ${name} | ${cases.length} | ${held.length} | ${cases.length - held.length} | ${walls.join(', ')} |`;
    }),
  ].join('\n');

if (import.meta.main) console.log(makeTable());
