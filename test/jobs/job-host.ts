// A host in a process of its own, until it is killed or its standard input ends. Says its port and then what it logs, a line of JSON each. Started by hosts.test.ts, and for NATS by test/nats/hosts.ts.
import { createServer } from 'node:http';
import { pino } from 'pino';
import type { CloisterOptions } from '../../src/options.ts';
import { createRuntime } from '../../src/runtime.ts';

/** `where`: as JSON, the options that say where jobs are kept. */
const [folder = '', name = '', where = '{}', level = 'silent'] = process.argv.slice(2);
process.stdin.once('end', () => process.exit(1));
process.stdin.resume();
const runtime = await createRuntime({
  extensions: [folder],
  approvals: 'requested',
  ...(JSON.parse(where) as Pick<CloisterOptions, 'database' | 'jobs'>),
  env: { HOST_NAME: name },
  identify: ({ headers }) => {
    const tenant = String(headers['x-tenant'] ?? 'default');
    return { tenant, accountability: { who: tenant } };
  },
  logger: pino({ level }),
});
const server = createServer(runtime.handler());
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 })}\n`);
});
