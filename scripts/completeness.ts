// `npm run completeness [-- --requests 50000]`: the test of the ledger's completeness with 50,000 requests, a hundred times what `npm test` sends. Must never be asserted on time.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { requests: { type: 'string', default: '50000' } } });
const requests = Number(values.requests);
if (!Number.isInteger(requests) || requests < 100) throw new Error('usage: npm run completeness [-- --requests N], N at least 100');

const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'test.ts'), 'test/ledger/completeness'], {
  stdio: 'inherit',
  env: { ...process.env, CLOISTER_COMPLETENESS_REQUESTS: String(requests), CLOISTER_TEST_PATIENCE: String(Math.ceil(requests / 250)) },
});
process.exitCode = status ?? 1;
