// The load generator: a process of its own, told over IPC what to ask how often. Must never share a process with a server.
import autocannon from 'autocannon';

export interface LoadOrder {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadReport {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 2xx, errors and time-outs. */
  readonly faults: number;
  /** How much of one core this process used: near 1, the generator was the limit and not the server. */
  readonly generatorLoad: number;
}

const quantile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

const run = async ({ seconds, ...order }: LoadOrder): Promise<LoadReport> => {
  // autocannon's own histogram counts whole milliseconds, too coarse for one connection.
  const latencies: number[] = [];
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const cannon = autocannon({ ...order, duration: seconds });
  cannon.on('response', (_client, _status, _bytes, milliseconds) => latencies.push(milliseconds));
  const { errors, timeouts, non2xx } = await cannon;
  const elapsed = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const sorted = Float64Array.from(latencies).sort();
  return {
    requests: latencies.length,
    seconds: elapsed,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    faults: errors + timeouts + non2xx,
    generatorLoad: (user + system) / 1e6 / elapsed,
  };
};

process.once('disconnect', () => process.exit());
process.on('message', (order: LoadOrder) => {
  run(order).then(
    (report) => process.send?.({ report }),
    (error: unknown) => process.send?.({ fault: String(error) }),
  );
});
process.send?.({ ready: true });
