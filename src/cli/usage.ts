// What the command line says of itself. Must name every flag that serve-options.ts reads; a test compares them.
import { readFileSync } from 'node:fs';

export const usage = `Usage: cloister <command>

  serve [DIR …]        Serves the extension packages in each DIR (a package, or a folder of packages).
    --port N             Port to listen on (8055).
    --host ADDRESS       Address to listen on (127.0.0.1).
    --config FILE        JSON configuration; what is given here on the line goes before it.
    --database-url URL   postgres://… for extensions that are granted the database.
    --approve requested  Approves whatever each extension's manifest asks for.
    --lock FILE          Runs what is approved in FILE (cloister.lock.json, where there is one).
    --ledger FILE        Appends the ledger to FILE.
    --trust KEY          Reads signed archives (*.cloister) of this key too, as keygen prints it; may stand there several times.
  start                Serves the examples with a PostgreSQL of its own, under .cloister/ in this folder.
    --port N             Port to listen on (8055).
  init NAME            Makes a folder with an extension to begin with: a route, a test, types.
    --typescript         In TypeScript.
  dev [DIR]            Serves the sources in DIR (here), takes up what is saved, and says what was denied and where an error came from.
    --inspect            Lets a debugger (Chrome DevTools, VS Code) step through it; --inspect-port N (9229)
    --port N, --host ADDRESS, --config FILE, --database-url URL
  build [DIR]          Writes the file a package is published with, its source map, and says the hash of what will run.  --json
  pack [DIR] --key FILE   Builds DIR and signs it: one archive that serve takes where the key is trusted.
    --out FILE           Where to (NAME-VERSION.cloister).  --json
  keygen FILE          Makes a key to sign with: the private one in FILE, for you alone; prints the public one.
  check DIR            Looks at packages without running them: manifest, imports, over- and under-asking.
    --policy FILE        Examples of calls that must be allowed or denied.
    --config FILE        Judges them by the approvals and the ceiling there.
    --strict             Fails on over- and under-asking too.  --json
  approve ID [DIR …]   Approves the package that is in DIR (extensions), as it asks, and writes it to the lock.
    --by NAME            Who approves (your user name).
    --artifact HASH      Only the package that diff showed, by the HASH it prints last.
    --grants FILE        Less than it asks: JSON with capabilities, limits, isolation, mode, candidate, express.
  revoke ID [DIR …]    Takes the approval away.
  diff ID [DIR …]      What it asked, asks, has approved, may have at most and uses: 0 approved, 1 it waits.
    --config FILE, --database-url URL, --lock FILE, --ledger FILE (.cloister/ledger.ndjson), --json
  audit verify [FILE]  Checks the hash chain over all files of a ledger.
  audit tail           The latest entries.      --lines N (20), --follow
  audit show REQUEST   One request, call by call.
  audit export         Every entry.             --format ndjson|csv
  audit meter          Who used how much, by hour, day or month (UTC), for bills.
    --by hour|day|month, --format ndjson|csv, --partial (the span that is not over too)
  audit report [ID]    What each extension used, was granted and was denied, and its budgets.
  audit suggest ID     The least manifest for what it used, against its own.
    --package DIR        Where its package is, if not where it was loaded from.
    --write              Writes it into package.json; with --config FILE into the approvals there.
    --ledger FILE        The ledger to read (.cloister/ledger.ndjson).
    --extension ID, --tenant T, --kind KIND, --since TIME|30m|12h|7d, --json
  database plan [DIR …]   Prints the SQL that makes the roles, privileges and policies which the approved extensions need.
    --passwords             With the roles' passwords, as PostgreSQL stores them.
  database apply [DIR …]  Does it, in one transaction.
    --admin-url URL         Over this connection, where the host's own login may not.
  database check [DIR …]  Compares the live database with it: 0 as it should be, 1 something is missing or unsafe, 2 cannot tell.
    --strict                Warnings count too.
    --config FILE, --database-url URL, --approve requested, --json
  jobs [list]             What waits, runs and is dead in the queue of all hosts of a database or of NATS.
  jobs retry ID|--all     Has a dead one run again, or all of them.
  jobs drop ID            Takes one away that waits or is dead; --all --yes: all the dead.
    --config FILE, --database-url URL, --json
  deploy DIR|FILE.cloister   Tries it beside what serves, then has every host serve it; what fails changes nothing.
    --canary 10%            Beside the version that serves, for a share of the requests.
    --tenants A,B           For these alone; * for everybody.
  promote ID, return ID   Its canary takes everything, or goes.
  rollback ID             To the version before; a canary goes first.
  disable ID, enable ID   Takes it out on every host, and in again.
  list [ID]               Packed versions, and what each is.
  status                  What is deployed, and what each host says: 0 all serve it, 1 one does not.
    --config FILE, --database-url URL   Where the registry is; --registry DIR for one in a folder.
    --host URL              Over a running host, with its adminToken in CLOISTER_ADMIN_TOKEN.
    --by NAME, --reason TEXT, --json
  doctor [DIR …]          Tries on this machine whether what Cloister relies on holds: 0 it does, 1 something asked for does not.
    --config FILE, --database-url URL, --approve requested, --lock FILE, --ledger FILE, --json

  --help, --version`;

/** The package's own. */
export const version = (): string => {
  const file = new URL(import.meta.url.endsWith('.ts') ? '../../package.json' : '../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
};
