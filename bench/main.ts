// `npm run bench`: every peer, one machine, one run, one table. Must never leave a process behind.
import { type BootRow, measureBoot } from './boot.ts';
import { openBenchDatabase } from './database.ts';
import { type MemoryRow, measureMemory } from './memory.ts';
import { parseOptions } from './options.ts';
import { showBoot, showMachine, showMemory, showRows } from './table.ts';
import { measureThroughput, type Row } from './throughput.ts';

const options = parseOptions(process.argv.slice(2));
const parts = new Set(options.parts);
const hasCloister = options.peers.includes('cloister');
/** The result alone goes to standard output. */
const say = (line: string): void => console.error(line);

// Each child ends when its channel closes, PostgreSQL when its pipe does.
process.once('SIGINT', () => process.exit(130));

const rows: Row[] = [];
const boot: BootRow[] = [];
const memory: MemoryRow[] = [];
const database = await openBenchDatabase();
try {
  if (parts.has('throughput')) for (const mode of options.modes) rows.push(...(await measureThroughput(options, mode, database, say)));
  database.pin(undefined);
  for (const withDatabase of hasCloister ? [false, true] : []) {
    if (parts.has('boot')) say('cold cells');
    if (parts.has('boot')) boot.push(await measureBoot(options.bootSamples, withDatabase, database.url));
    if (parts.has('memory')) say('idle cells');
    if (parts.has('memory')) memory.push(...(await measureMemory(options.cellCounts, withDatabase, database.url)));
  }
} finally {
  await database.close();
}

const tables = [rows.length > 0 ? showRows(rows) : '', boot.length > 0 ? showBoot(boot) : '', memory.length > 0 ? showMemory(memory) : ''];
if (options.json) console.log(JSON.stringify({ rows, boot, memory }));
else console.log([showMachine(), ...tables.filter((table) => table !== '')].join('\n\n'));
