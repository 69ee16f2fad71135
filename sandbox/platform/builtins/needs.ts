// What each built-in that is refused would need, and whether a grant could give it. Data for error messages; must hold no code.

const web = "outbound HTTP is there as fetch, node:http and node:https under a grant of the capability 'fetch'";
const sockets = `it needs sockets, which no grant gives; ${web}`;
const machine = 'it needs the machine or its process, which no grant gives';
const code = 'it would run code outside this isolate, which no grant gives';

/** By the name of the built-in. */
export const needs: ReadonlyMap<string, string> = new Map([
  ['child_process', 'it needs processes of the machine, which no grant gives'],
  ['cluster', machine],
  ['dgram', sockets],
  ['dns', `it needs the network's names, which no grant gives; ${web}`],
  ['domain', 'nothing stands in for it; AsyncLocalStorage of node:async_hooks and try/catch do what it was for'],
  ['fs', "it needs a file system, which no grant gives; files of the package itself can be read under a grant of the capability 'files'"],
  ['http', `it would listen or open sockets, which no grant gives; routes are made with the router, and ${web}`],
  ['https', `it would listen or open sockets, which no grant gives; routes are made with the router, and ${web}`],
  ['http2', sockets],
  ['inspector', code],
  ['net', sockets],
  ['process', machine],
  ['readline', 'it needs a terminal or a file, which no grant gives'],
  ['repl', code],
  ['sea', machine],
  ['sqlite', "it needs a file system, which no grant gives; PostgreSQL is there under a grant of the capability 'database'"],
  ['test', 'tests run outside of Cloister, and no grant changes that'],
  ['tls', sockets],
  ['trace_events', machine],
  ['v8', machine],
  ['vm', code],
  ['wasi', machine],
  ['worker_threads', 'it needs threads, which no grant gives'],
]);
