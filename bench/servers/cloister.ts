// Peer `cloister`: the runtime on bare node:http. Its limits are the defaults but for the rate, which a bench is there to exceed.
import { createServer } from 'node:http';
import { createRuntime } from '../../src/index.ts';
import { announce } from './announce.ts';

interface Settings {
  readonly extensions: readonly string[];
  readonly databaseUrl?: string;
  readonly wards?: { readonly spareCells?: number; readonly cellIdleMs?: number };
  readonly limits?: { readonly wardRssMb?: number };
}

const { extensions, databaseUrl, wards, limits } = JSON.parse(process.argv[2] ?? '{}') as Settings;
const runtime = await createRuntime({
  extensions,
  ...(databaseUrl === undefined ? {} : { database: databaseUrl }),
  ...(wards === undefined ? {} : { wards }),
  approvals: 'requested',
  limits: { ...limits, ratePerSecond: 1_000_000 },
});
announce(createServer(runtime.handler()), () => runtime.close());
