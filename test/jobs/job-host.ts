// A host in a process of its own, until it is killed or its standard input ends. Started by hosts.test.ts.
import { createServer } from 'node:http';
import { pino } from 'pino';
import { createRuntime } from '../../src/runtime.ts';

const [folder = '', database = '', name = ''] = process.argv.slice(2);
process.stdin.once('end', () => process.exit(1));
process.stdin.resume();
const runtime = await createRuntime({
  extensions: [folder],
  approvals: 'requested',
  database,
  env: { HOST_NAME: name },
  identify: ({ headers }) => {
    const tenant = String(headers['x-tenant'] ?? 'default');
    return { tenant, accountability: { who: tenant } };
  },
  logger: pino({ level: 'silent' }),
});
const server = createServer(runtime.handler());
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? String(address?.port) : ''}\n`);
});
