// The server of `npm run bench:density`: every tenant has every extension. Must never know what the load will be.
import { createServer } from 'node:http';
import { pino } from 'pino';
import { createRuntime } from '../../src/index.ts';
import { announce } from './announce.ts';

interface Settings {
  readonly extensions: string;
  readonly ids: readonly string[];
  readonly wards: Readonly<Record<string, number>>;
}

const { extensions, ids, wards } = JSON.parse(process.argv[2] ?? '{}') as Settings;
const runtime = await createRuntime({
  extensions: [extensions],
  approvals: 'requested',
  identify: ({ headers }) => ({ tenant: String(headers['x-tenant']), accountability: null }),
  resolveTenant: () => ({ extensions: ids }),
  wards,
  metrics: true,
  limits: { ratePerSecond: 1_000_000, cpuMs: 10_000, wallMs: 120_000, registerMs: 60_000 },
  logger: pino({ level: 'silent' }),
});
process.on('message', () => {
  void runtime.metrics().then((metrics) => process.send?.({ metrics, refused: runtime.refused().length }));
});
announce(createServer({ keepAliveTimeout: 300_000 }, runtime.handler()), () => runtime.close({ drainMs: 0 }));
