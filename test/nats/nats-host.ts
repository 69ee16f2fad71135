// A host in a process of its own, without a database, until it is killed or its standard input ends. Says its port and then what its extensions log, a line each. Started by hosts.ts.
import { createServer } from 'node:http';
import { pino } from 'pino';
import { createRuntime } from '../../src/runtime.ts';

const [folder = '', nats = '', name = ''] = process.argv.slice(2);
process.stdin.once('end', () => process.exit(1));
process.stdin.resume();
const runtime = await createRuntime({
  extensions: [folder],
  approvals: 'requested',
  jobs: { nats: { servers: nats, namespace: 'hosts' } },
  env: { HOST_NAME: name },
  identify: ({ headers }) => {
    const tenant = String(headers['x-tenant'] ?? 'default');
    return { tenant, accountability: { who: tenant } };
  },
  logger: pino({ level: 'info' }),
});
const server = createServer(runtime.handler());
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 })}\n`);
});
