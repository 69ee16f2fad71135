// The command line of `npm run bench`. Must never start anything.
import { parseArgs } from 'node:util';
import { type PeerName, peerNames } from './peers.ts';
import { type ScenarioName, scenarioNames } from './scenarios.ts';

export type Mode = 'free' | 'pinned';
export type Part = 'throughput' | 'warm' | 'ledger' | 'boot' | 'memory' | 'crypto' | 'starts';

export interface BenchOptions {
  readonly json: boolean;
  /** What docs/performance.md holds. */
  readonly markdown: boolean;
  readonly scenarios: readonly ScenarioName[];
  readonly peers: readonly PeerName[];
  readonly modes: readonly Mode[];
  readonly parts: readonly Part[];
  readonly connections: readonly number[];
  readonly rounds: number;
  readonly warmSeconds: number;
  readonly roundSeconds: number;
  readonly bootSamples: number;
  readonly warmSamples: number;
  readonly cellCounts: readonly number[];
}

/** The rest is measured when it is named. */
const usualPeers: readonly PeerName[] = ['express', 'worker', 'isolated-vm', 'cloister'];

const usage = `npm run bench -- [--json|--markdown] [--quick] [--only=hello,echo,database] [--peers=express,worker,isolated-vm,cloister,hardened]
                 [--modes=free,pinned] [--parts=throughput,warm,ledger,boot,memory,crypto,starts] [--connections=1,50]`;

const isOneOf = <Name extends string>(allowed: readonly Name[], name: string): name is Name => allowed.some((known) => known === name);

const pick = <Name extends string>(flag: string, given: string | undefined, allowed: readonly Name[]): readonly Name[] => {
  if (given === undefined) return allowed;
  return given.split(',').map((name) => {
    if (isOneOf(allowed, name)) return name;
    throw new Error(`--${flag}: expected one of ${allowed.join(', ')}, found "${name}"\n${usage}`);
  });
};

const pickNumbers = (given: string | undefined, fallback: readonly number[]): readonly number[] => {
  const numbers = given?.split(',').map(Number) ?? fallback;
  if (numbers.every((number) => Number.isInteger(number) && number > 0)) return numbers;
  throw new Error(`--connections: expected whole numbers above 0, found "${given}"\n${usage}`);
};

export const parseOptions = (args: readonly string[]): BenchOptions => {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { json: flag, markdown: flag, quick: flag, only: text, peers: text, modes: text, parts: text, connections: text },
    strict: true,
  });
  const { quick } = values;
  return {
    json: values.json,
    markdown: values.markdown,
    scenarios: pick('only', values.only, scenarioNames),
    peers: pick('peers', values.peers ?? usualPeers.join(','), peerNames),
    modes: pick('modes', values.modes, ['free', 'pinned']),
    parts: pick('parts', values.parts, ['throughput', 'warm', 'ledger', 'boot', 'memory', 'crypto', 'starts']),
    connections: pickNumbers(values.connections, [1, 50]),
    rounds: quick ? 1 : 3,
    warmSeconds: quick ? 1 : 2,
    roundSeconds: 1,
    bootSamples: quick ? 20 : 60,
    warmSamples: quick ? 50 : 300,
    cellCounts: quick ? [1, 50] : [1, 100, 500],
  };
};
