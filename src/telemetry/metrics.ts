// What the host counts and measures, as OpenTelemetry instruments and as Prometheus text. Must never hold a series that a client can make more of.
import type { Attributes, Meter, ObservableResult } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { LedgerRecord } from '../ledger/entry.ts';
import { type Sums, Usage } from './usage.ts';

/** What stands at the moment somebody asks. */
export interface Gauges {
  readonly requests: number;
  readonly queued: number;
  readonly wards: number;
  readonly cells: number;
  /** Pairs of extension and tenant that were asked for of late and have no cell now. */
  readonly sleeping: number;
  readonly bootsWaiting: number;
  /** Bytes, of all wards together; and what they may have. */
  readonly wardRssBytes: number;
  readonly wardMemoryBytes: number;
  readonly extensions: number;
  readonly refused: number;
  readonly jobsQueued: number;
  readonly jobsRunning: number;
  readonly jobsRetried: number;
  readonly jobsDead: number;
  readonly jobsLagSeconds: number;
}

export interface Metrics {
  take(record: LedgerRecord): void;
  /** In Prometheus's text format. */
  render(): Promise<string>;
  close(): Promise<void>;
}

export interface MetricsOptions {
  gauges(): Gauges;
  /** The embedder's own: it gets the same instruments. */
  readonly meter: Meter | null;
}

interface CounterRow {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  /** Labels after `extension` and `tenant`. */
  readonly labels: readonly string[];
  /** From what is summed to the unit. */
  readonly factor?: number;
  readonly sums: (usage: Usage) => Sums;
}

/** Names are of OpenTelemetry's form; Prometheus sees `cloister_requests_total` and so on: units are part of the name there by custom. */
const counters: readonly CounterRow[] = [
  {
    name: 'cloister.requests',
    description: 'Requests and jobs that have ended',
    unit: '{request}',
    labels: ['outcome'],
    sums: (usage) => usage.requests,
  },
  {
    name: 'cloister.cpu.seconds',
    description: 'Processor time in cells',
    unit: 's',
    labels: [],
    factor: 0.001,
    sums: (usage) => usage.cpuMs,
  },
  { name: 'cloister.body.bytes', description: 'Bytes of bodies', unit: 'By', labels: ['direction'], sums: (usage) => usage.bytes },
  {
    name: 'cloister.calls',
    description: 'Calls of capabilities',
    unit: '{call}',
    labels: ['capability', 'decision'],
    sums: (usage) => usage.calls,
  },
  { name: 'cloister.rows', description: 'Rows that calls read or wrote', unit: '{row}', labels: [], sums: (usage) => usage.rows },
  {
    name: 'cloister.limits',
    description: 'Limits that were gone over',
    unit: '{breach}',
    labels: ['limit'],
    sums: (usage) => usage.limits,
  },
  {
    name: 'cloister.life',
    description: 'Boots, ends, kills and parkings',
    unit: '{event}',
    labels: ['event'],
    sums: (usage) => usage.life,
  },
];

const gauges: readonly (readonly [name: keyof Gauges, metric: string, description: string, unit: string])[] = [
  ['requests', 'cloister.requests.live', 'Requests and jobs that have not ended', '{request}'],
  ['queued', 'cloister.requests.queued', 'Of these, those that wait for a place in a cell', '{request}'],
  ['wards', 'cloister.wards', 'Processes that hold cells or wait for them', '{ward}'],
  ['cells', 'cloister.cells', 'Cells that are awake', '{cell}'],
  ['sleeping', 'cloister.cells.sleeping', 'Extensions of tenants that were asked for of late and sleep', '{cell}'],
  ['bootsWaiting', 'cloister.boots.waiting', 'Cells that wait for their turn to boot', '{cell}'],
  ['wardMemoryBytes', 'cloister.wards.memory.limit.bytes', 'Resident memory that all wards may have', 'By'],
  ['wardRssBytes', 'cloister.wards.rss.bytes', 'Resident memory of all wards', 'By'],
  ['extensions', 'cloister.extensions', 'Extensions that are served', '{extension}'],
  ['refused', 'cloister.extensions.refused', 'Extensions that were refused', '{extension}'],
  ['jobsQueued', 'cloister.jobs.queued', 'Schedules and actions that wait, of all hosts that share them', '{job}'],
  ['jobsRunning', 'cloister.jobs.running', 'Those that run', '{job}'],
  ['jobsRetried', 'cloister.jobs.retried', 'Of these two, those that were begun before', '{job}'],
  ['jobsDead', 'cloister.jobs.dead', 'Those that an operator has to look at', '{job}'],
  ['jobsLagSeconds', 'cloister.jobs.lag.seconds', 'How long the one that waits longest could have run already', 's'],
];

/** Seconds; from a hello to the longest `wallMs` an operator is likely to allow. */
const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const instrument = (meter: Meter, usage: Usage, options: MetricsOptions): ((record: LedgerRecord) => void) => {
  for (const { name, description, unit, labels, factor = 1, sums } of counters) {
    const names = ['extension', 'tenant', ...labels];
    meter.createObservableCounter(name, { description, unit }).addCallback((result: ObservableResult) => {
      for (const series of sums(usage)) {
        const attributes: Attributes = Object.fromEntries(names.map((label, index) => [label, series.labels[index] ?? '']));
        result.observe(series.value * factor, attributes);
      }
    });
  }
  for (const [name, metric, description, unit] of gauges)
    meter.createObservableGauge(metric, { description, unit }).addCallback((result) => result.observe(options.gauges()[name]));
  // By extension or capability alone: a histogram has a series for each bucket.
  const requests = meter.createHistogram('cloister.request.duration.seconds', {
    description: 'Wall time of requests and jobs',
    unit: 's',
    advice: { explicitBucketBoundaries: durationBuckets },
  });
  return (record) => {
    if (record.kind === 'request.end') requests.record(record.wallMs / 1_000, { extension: record.extension });
  };
};

/** Extensions are of the operator's choosing, so histograms by them are bounded; the SDK's own limit of 2,000 series to a metric holds beside {@link Usage}'s. */
export const makeMetrics = (options: MetricsOptions): Metrics => {
  const usage = new Usage();
  const reader = new PrometheusExporter({ preventServerStart: true });
  const serializer = new PrometheusSerializer('', false, undefined, true, true);
  const provider = new MeterProvider({ readers: [reader] });
  const meters = [provider.getMeter('cloister'), ...(options.meter === null ? [] : [options.meter])];
  const recorders = meters.map((meter) => instrument(meter, usage, options));
  return {
    take(record) {
      usage.take(record);
      for (const recorder of recorders) recorder(record);
    },
    async render() {
      const { resourceMetrics, errors } = await reader.collect();
      if (errors.length > 0) throw new Error('a metric could not be read', { cause: errors[0] });
      return serializer.serialize(resourceMetrics);
    },
    close: () => provider.shutdown(),
  };
};
