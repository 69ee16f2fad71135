// Opens an embedded PostgreSQL in the folder it is given, prints its URL and waits; ends as its second argument says. For postgres.test.ts to kill.
import { openEmbeddedPostgres } from '../../../src/cli/demo/postgres.ts';

const [folder = '', end = 'wait'] = process.argv.slice(2);
const postgres = await openEmbeddedPostgres({ folder, durable: false });
process.stdout.write(`${postgres.url}\n`);
if (end === 'throw') throw new Error('as asked');
process.stdin.resume();
