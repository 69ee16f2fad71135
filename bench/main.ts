// `npm run bench`: every peer, one machine, one run, one table. Must never leave a process behind.
import { type BootRow, measureBoot } from './boot.ts';
import { type CryptoRow, measureCrypto } from './crypto.ts';
import { openBenchDatabase } from './database.ts';
import { type LedgerRow, measureLedger } from './ledger-price.ts';
import { type MemoryRow, measureMemory } from './memory.ts';
import { parseOptions } from './options.ts';
import { measureStarts, type StartRow } from './starts.ts';
import {
  makeMarkdownTable,
  makeTable,
  showBoot,
  showCrypto,
  showLedger,
  showMachine,
  showMemory,
  showRows,
  showStarts,
  showWarmQuery,
} from './table.ts';
import { measureThroughput, type Row } from './throughput.ts';
import { measureWarmQuery, type WarmQuery } from './warm-query.ts';

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
const ledger: LedgerRow[] = [];
const warm: WarmQuery[] = [];
const cryptography: CryptoRow[] = [];
const starts: StartRow[] = [];
/** MB of a small host, of one with some runtime behind it, of one inside a large application. */
const hostsMb = [0, 250, 1_000];
const database = await openBenchDatabase();
try {
  if (parts.has('throughput')) for (const mode of options.modes) rows.push(...(await measureThroughput(options, mode, database, say)));
  database.pin(undefined);
  if (hasCloister && parts.has('warm')) {
    say('a warm query');
    warm.push(await measureWarmQuery(options.warmSamples, database.url));
  }
  if (hasCloister && parts.has('ledger')) {
    say('the ledger');
    ledger.push(...(await measureLedger(options.rounds * 3, options.roundSeconds, database.url)));
  }
  if (hasCloister && parts.has('crypto')) {
    say('cryptography');
    cryptography.push(...(await measureCrypto()));
  }
  if (hasCloister && parts.has('starts')) {
    say('starts of wards');
    starts.push(...(await measureStarts(options.bootSamples, hostsMb)));
  }
  for (const withDatabase of hasCloister ? [false, true] : []) {
    if (parts.has('boot')) say('cold cells');
    if (parts.has('boot')) boot.push(await measureBoot(options.bootSamples, withDatabase, database.url));
    if (parts.has('memory')) say('idle cells');
    if (parts.has('memory')) memory.push(...(await measureMemory(options.cellCounts, withDatabase, database.url)));
  }
} finally {
  await database.close();
}

const lay = options.markdown ? makeMarkdownTable : makeTable;
const tables = [
  rows.length > 0 ? showRows(rows, lay) : '',
  ...warm.map((one) => showWarmQuery(one, lay)),
  ledger.length > 0 ? showLedger(ledger, lay) : '',
  boot.length > 0 ? showBoot(boot, lay) : '',
  memory.length > 0 ? showMemory(memory, lay) : '',
  cryptography.length > 0 ? showCrypto(cryptography, lay) : '',
  starts.length > 0 ? showStarts(starts, lay) : '',
];
if (options.json) console.log(JSON.stringify({ rows, warm, ledger, boot, memory, cryptography, starts }));
else console.log([showMachine(), ...tables.filter((table) => table !== '')].join('\n\n'));
