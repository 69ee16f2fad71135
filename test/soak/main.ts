// `npm run soak:database -- --requests 10000 [--connections 50] [--seed 1] [--kill-every 150]`: the long soak, with a table of what came. Exits with 1 for a fault.
import { parseArgs } from 'node:util';
import { runDatabaseSoak } from './database-soak.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { requests: text, connections: text, seed: text, 'kill-every': text } });
const options = {
  requests: Number(values.requests ?? 10_000),
  connections: Number(values.connections ?? 50),
  seed: Number(values.seed ?? 1),
  killEvery: Number(values['kill-every'] ?? 150),
};
const report = await runDatabaseSoak(options);
const lines = [...report.answers]
  .toSorted(([one], [other]) => (one < other ? -1 : 1))
  .map(([name, counts]) => {
    const all = [...counts].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([status, count]) => `${status}: ${String(count)}`);
    return `  ${name.padEnd(10)} ${all.join(', ')}`;
  });
console.log(
  [
    `${String(options.requests)} requests at ${String(options.connections)} connections in ${report.seconds.toFixed(1)} s (${(options.requests / report.seconds).toFixed(0)} a second), seed ${String(options.seed)}`,
    ...lines,
    `  wards killed: ${String(report.wardsKilled)}, backends ended: ${String(report.backendsEnded)}`,
    `  left: connections ${report.connections.map(({ state, count }) => `${state} ${String(count)}`).join(', ') || 'none'}; rows ${String(report.rows)}`,
    report.faults.length === 0 ? '  no lock, no transaction, no leaked row' : `  ${String(report.faults.length)} FAULTS`,
    ...report.faults.slice(0, 30).map((fault) => `    ${fault}`),
  ].join('\n'),
);
process.exitCode = report.faults.length === 0 ? 0 : 1;
