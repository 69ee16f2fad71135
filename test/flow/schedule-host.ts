// A host with schedules, in a process of its own, until it is killed or its standard input ends. Started by schedules.test.ts.
import { pino } from 'pino';
import { createRuntime } from '../../src/runtime.ts';

const [folder = '', database = '', name = ''] = process.argv.slice(2);
process.stdin.once('end', () => process.exit(1));
process.stdin.resume();
await createRuntime({
  extensions: [folder],
  approvals: 'requested',
  database,
  env: { HOST_NAME: name },
  limits: { registerMs: 20_000, wallMs: 10_000 },
  logger: pino({ level: 'silent' }),
});
process.stdout.write('ready\n');
