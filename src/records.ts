// What is kept and counted of all that happens: the ledger, and who looks over its shoulder. Must never count what the ledger did not take.
import { hostname } from 'node:os';
import type { DatabaseResource } from './capabilities/database/resource.ts';
import type { RuntimeOptions } from './config/runtime-options.ts';
import type { Ledger } from './ledger/entry.ts';
import { makeForgivingLedger } from './ledger/forgiving-ledger.ts';
import { openLedger } from './ledger/open-ledger.ts';
import { openQuotas } from './quotas/open-quotas.ts';
import type { QuotaBook } from './quotas/quota-book.ts';
import type { Gauges, Metrics } from './telemetry/metrics.ts';
import { type LedgerObserver, makeObservedLedger } from './telemetry/observed-ledger.ts';
import type { TenantBook } from './tenants/tenant-book.ts';

export interface Records {
  readonly ledger: Ledger;
  /** null: nobody asked for them. */
  readonly metrics: Metrics | null;
  readonly quotas: QuotaBook | null;
  closeRecords(): Promise<void>;
}

export interface RecordEvents {
  onLedgerFailure(error: unknown): void;
  /** Nobody says which they are, or hosts cannot agree on what is used of them. */
  onQuotaFailure(error: unknown): void;
  readonly tenants: TenantBook | null;
  /** Gets each record that the ledger took. */
  readonly watch: LedgerObserver;
  gauges(): Gauges;
}

/** Where nobody looks, its libraries would be a third of what a command loads. */
const openMetrics = async (options: RuntimeOptions, gauges: () => Gauges): Promise<Metrics | null> => {
  if (!options.metrics && options.meter === null) return null;
  const { makeMetrics } = await import('./telemetry/metrics.ts');
  return makeMetrics({ meter: options.meter, gauges });
};

const megabyte = 1024 * 1024;
/** Of a host whose operator named none: two that write one chain refuse each other's requests. */
const chainOfHost = (): string =>
  hostname()
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 63) || 'default';

const openRuntimeLedger = (
  { ledger: { file, ringSize, rotateMb, table, writeAhead }, onLedgerEntries }: RuntimeOptions,
  database: DatabaseResource | undefined,
): Promise<Ledger> =>
  openLedger({
    file,
    ringSize,
    rotateBytes: rotateMb === null ? null : rotateMb * megabyte,
    onEntries: onLedgerEntries,
    writeAhead,
    table:
      table === null || database === undefined
        ? null
        : { connect: () => database.openAdmin('cloister:ledger'), chain: table.chain ?? chainOfHost() },
  });

export const openRecords = async (
  options: RuntimeOptions,
  database: DatabaseResource | undefined,
  { onLedgerFailure, onQuotaFailure, tenants, watch, gauges }: RecordEvents,
): Promise<Records> => {
  const quotas = await openQuotas({ ...options, tenants }, database, onQuotaFailure, (tenant, error) =>
    onQuotaFailure(new Error(`quotasOf(${JSON.stringify(tenant)}) says nothing: none of its requests is let in`, { cause: error })),
  );
  const opened = await openRuntimeLedger(options, database).catch(async (error: unknown) => {
    await quotas?.close();
    throw error;
  });
  const kept = options.ledger.onFailure === 'continue' ? makeForgivingLedger(opened, onLedgerFailure) : opened;
  const metrics = await openMetrics(options, gauges);
  return {
    ledger: makeObservedLedger(kept, [metrics, quotas, watch]),
    metrics,
    quotas,
    async closeRecords() {
      await kept.close();
      await quotas?.close();
      await metrics?.close();
    },
  };
};
