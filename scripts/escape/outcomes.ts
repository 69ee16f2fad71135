// Reads what a test file's run printed into names that passed and names that failed. Must never take silence for success.

export interface Outcomes {
  readonly passed: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
  /** How many tests, groups left out. */
  readonly tests: number;
}

/** Of node's spec reporter: a mark, a name, a time. What fails is printed a second time at the end. */
export const readOutcomes = (output: string): Outcomes => {
  const passed = new Set<string>();
  const failed = new Set<string>();
  const groups = new Set([...output.matchAll(/^\s*▶ (.*)$/gm)].map(([, name]) => name));
  let tests = 0;
  for (const [, mark, name = ''] of output.matchAll(/^\s*([✔✖]) (.*) \(\d+(?:\.\d+)?ms\)/gm)) {
    (mark === '✔' ? passed : failed).add(name);
    if (mark === '✔' && !groups.has(name)) tests += 1;
  }
  return { passed, failed, tests };
};

/** Whether all that is printed under a name passed, and something was. Names of rows are made of more than the catalogue's part. */
export const isHeld = ({ passed, failed }: Outcomes, name: string): boolean =>
  [...passed].some((one) => one.includes(name)) && ![...failed].some((one) => one.includes(name));
