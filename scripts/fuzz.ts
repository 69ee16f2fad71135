// `npm run fuzz -- [--minutes N] [--seed N] [part-of-a-path]`: the fuzzers of test/fuzz, for longer than `npm test` lets them. Must never find anything that it cannot find again: it prints its seed.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string', default: '' } },
  allowPositionals: true,
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error('usage: npm run fuzz -- [--minutes N] [--seed N] [part-of-a-path]');

const { status } = spawnSync(
  process.execPath,
  [join(import.meta.dirname, 'test.ts'), ...(positionals.length > 0 ? positionals : ['test/fuzz'])],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      CLOISTER_FUZZ_SECONDS: String(minutes * 60),
      CLOISTER_TEST_SEED: values.seed,
      // Each file tries two things for so long, one after the other.
      CLOISTER_TEST_PATIENCE: String(2 + minutes),
    },
  },
);
process.exitCode = status ?? 1;
