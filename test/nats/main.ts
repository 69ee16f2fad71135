// `npm run test:nats`: the promises of the queue of jobs over a real nats-server with JetStream. Must never pass where there is none.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { program } from './nats-server.ts';

const found = spawnSync(program, ['--version'], { encoding: 'utf8' });
if (found.status !== 0) {
  console.error(
    `test:nats needs ${program}: apt-get install nats-server, or name one by CLOISTER_TEST_NATS_SERVER (2.9 or newer); nothing was tested`,
  );
  process.exit(2);
}
console.log(found.stdout.trim());
const files = ['contract', 'outage', 'cluster', 'hosts'].filter((name) => process.argv.length < 3 || process.argv.slice(2).includes(name));
const { status } = spawnSync(
  process.execPath,
  ['--test', '--test-concurrency=1', '--test-timeout=180000', ...files.map((name) => join(import.meta.dirname, `${name}.ts`))],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
