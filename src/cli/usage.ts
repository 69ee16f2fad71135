// What the command line says of itself. Must name every flag that serve-options.ts reads; a test compares them.
import { readFileSync } from 'node:fs';

export const usage = `Usage: cloister <command>

  serve [DIR …]        Serves the extension packages in each DIR (a package, or a folder of packages).
    --port N             Port to listen on (8055).
    --host ADDRESS       Address to listen on (127.0.0.1).
    --config FILE        JSON configuration; what is given here on the line goes before it.
    --database-url URL   postgres://… for extensions that are granted the database.
    --approve requested  Approves whatever each extension's manifest asks for.
    --ledger FILE        Appends the ledger to FILE.
  start                Serves the examples with a PostgreSQL of its own, under .cloister/ in this folder.
  audit verify [FILE]  Checks the hash chain over all files of a ledger.
  audit tail           The latest entries.      --lines N (20), --follow
  audit show REQUEST   One request, call by call.
  audit export         Every entry.             --format ndjson|csv
    --ledger FILE        The ledger to read (.cloister/ledger.ndjson).
    --extension ID, --tenant T, --kind KIND, --since TIME|30m|12h|7d, --json

  --help, --version`;

/** The package's own. */
export const version = (): string => {
  const file = new URL(import.meta.url.endsWith('.ts') ? '../../package.json' : '../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
};
