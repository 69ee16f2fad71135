// Peer `cloister`: the runtime on bare node:http. Its limits are the defaults but for the rate, which a bench is there to exceed.
import { createServer } from 'node:http';
import { createRuntime } from '../../src/index.ts';
import { announce } from './announce.ts';
import { offerOwnTime } from './own-time.ts';

interface Settings {
  readonly extensions: readonly string[];
  readonly databaseUrl?: string;
  readonly wards?: { readonly spareCells?: number; readonly cellIdleMs?: number; readonly hardened?: boolean };
  readonly limits?: { readonly wardRssMb?: number; readonly cpuMs?: number; readonly wallMs?: number };
  readonly ledger?: { readonly file: string | null; readonly writeAhead: boolean };
  /** Offers a profile of the host's own thread. */
  readonly ownTime?: boolean;
}

const { extensions, databaseUrl, wards, limits, ledger = {}, ownTime = false } = JSON.parse(process.argv[2] ?? '{}') as Settings;
const runtime = await createRuntime({
  extensions,
  ...(databaseUrl === undefined ? {} : { database: databaseUrl }),
  ...(wards === undefined ? {} : { wards }),
  approvals: 'requested',
  ledger,
  limits: { ...limits, ratePerSecond: 1_000_000 },
});
if (ownTime) offerOwnTime();
announce(createServer(runtime.handler()), () => runtime.close());
