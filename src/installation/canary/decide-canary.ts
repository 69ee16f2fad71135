// Whether a canary is worse than the version beside it. Pure; must never ask a clock.
import { canaryBounds } from './bounds.ts';

/** What one version did within the window. */
export interface Tally {
  readonly requests: number;
  /** Answered with a 5xx that is the extension's own. */
  readonly errors: number;
  /** Went over a limit of the extension's. */
  readonly limits: number;
  /** Ended the cell's memory, or the process. */
  readonly crashes: number;
}

export interface CanaryRules {
  readonly minRequests: number;
  readonly chancePerMillion: number;
  readonly excessPercent: number;
  readonly alonePercent: number;
  readonly clients: number;
  readonly crashes: number;
}

export type CanaryVerdict = { readonly kind: 'go-on' } | { readonly kind: 'return'; readonly reason: string };

const canaryRules: CanaryRules = {
  minRequests: canaryBounds.minRequests.value,
  chancePerMillion: canaryBounds.chancePerMillion.value,
  excessPercent: canaryBounds.excessPercent.value,
  alonePercent: canaryBounds.alonePercent.value,
  clients: canaryBounds.clients.value,
  crashes: canaryBounds.crashes.value,
};

const goOn: CanaryVerdict = { kind: 'go-on' };

/** ln n!, by Stirling's series: off by less than 1e-9 from 10 on, and summed below. */
const lnFactorial = (n: number): number => {
  if (n < 10) {
    let sum = 0;
    for (let factor = 2; factor <= n; factor += 1) sum += Math.log(factor);
    return sum;
  }
  return n * Math.log(n) - n + Math.log(2 * Math.PI * n) / 2 + 1 / (12 * n) - 1 / (360 * n ** 3) + 1 / (1260 * n ** 5);
};

const lnChoose = (n: number, k: number): number => lnFactorial(n) - lnFactorial(k) - lnFactorial(n - k);

/**
 * Fisher's exact test for a table of two by two, one-sided (R. A. Fisher, The Design of Experiments, 1935): of `bad` among `all` requests,
 * how likely do `mine` requests drawn at random hold `myBad` or more? It holds for counts of any size, where a comparison of rates by the
 * normal distribution does not hold for few.
 */
export const chanceOf = (myBad: number, mine: number, bad: number, all: number): number => {
  let chance = 0;
  for (let count = myBad; count <= Math.min(mine, bad); count += 1) {
    if (mine - count > all - bad) continue;
    chance += Math.exp(lnChoose(bad, count) + lnChoose(all - bad, mine - count) - lnChoose(all, mine));
  }
  return Math.min(1, chance);
};

const percent = (part: number, whole: number): string => `${String(Math.round((1_000 * part) / whole) / 10)}%`;

const judgeRate = (what: string, bad: number, canary: Tally, otherBad: number, current: Tally, rules: CanaryRules): CanaryVerdict => {
  const rate = `${what} in ${percent(bad, canary.requests)} of ${canary.requests} requests`;
  if (current.requests < rules.minRequests)
    return bad * 100 >= rules.alonePercent * canary.requests ? { kind: 'return', reason: `${rate}, and too few to compare with` } : goOn;
  const excess = (100 * bad) / canary.requests - (100 * otherBad) / current.requests;
  if (excess < rules.excessPercent) return goOn;
  const chance = chanceOf(bad, canary.requests, bad + otherBad, canary.requests + current.requests);
  if (chance * 1_000_000 >= rules.chancePerMillion) return goOn;
  return { kind: 'return', reason: `${rate}, against ${percent(otherBad, current.requests)} of ${current.requests} beside it` };
};

/** `badClients`: how many fared badly with the canary. One alone may be the cause of it. */
export const decideCanary = (canary: Tally, current: Tally, badClients: number, rules: CanaryRules = canaryRules): CanaryVerdict => {
  if (canary.crashes >= rules.crashes)
    return { kind: 'return', reason: `${canary.crashes} of its requests ended the process or the memory they ran in` };
  if (canary.requests < rules.minRequests || badClients < rules.clients) return goOn;
  const errors = judgeRate('errors', canary.errors, canary, current.errors, current, rules);
  return errors.kind === 'return' ? errors : judgeRate('limits', canary.limits, canary, current.limits, current, rules);
};
