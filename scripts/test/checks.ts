// The checks that need no test runner: lint, layers, types. Each counts as one; must never change a file.
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

export interface Outcome {
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: number;
  readonly output: string;
}

const checks: readonly (readonly [name: string, command: string, ...args: readonly string[]])[] = [
  ['lint and format (biome)', 'node_modules/.bin/biome', 'check', '.'],
  ['imports run one way (scripts/check-layers.ts)', process.execPath, 'scripts/check-layers.ts'],
  ['types of the host (tsc)', 'node_modules/.bin/tsc', '-p', 'tsconfig.json'],
  ['types of the sandbox (tsc)', 'node_modules/.bin/tsc', '-p', 'sandbox/tsconfig.json'],
];

const runCheck = (root: string, [name, command, ...args]: (typeof checks)[number], signal: AbortSignal): Promise<Outcome> => {
  const startedAt = performance.now();
  return new Promise((done) => {
    const child = spawn(resolve(root, command), args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    });
    const output: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
    const end = (passed: boolean): void =>
      done({ name, passed, seconds: (performance.now() - startedAt) / 1_000, output: output.join('').trim() });
    child.once('error', (error) => {
      output.push(error.message);
      end(false);
    });
    child.once('close', (code) => end(code === 0));
  });
};

/** One at a time: they run beside the tests. Yields each as it ends. */
export async function* runChecks(root: string, signal: AbortSignal): AsyncGenerator<Outcome> {
  for (const check of checks) {
    if (signal.aborted) return;
    yield await runCheck(root, check, signal);
  }
}
