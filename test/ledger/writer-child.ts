// A process that writes a ledger until it is killed, or told to stop by a line on its standard input. Started by the tests next to it.
import { setTimeout as sleep } from 'node:timers/promises';
import { CloisterError } from '../../src/errors.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { requestStart } from './records.ts';

const [file = '', perTurn = '1', pauseMs = '0', rotateBytes] = process.argv.slice(2);
const say = (word: string): void => void process.stdout.write(`${word}\n`);
let stopped = false;
// Told to stop, or left alone by a test that ended.
process.stdin.once('data', () => {
  stopped = true;
});
process.stdin.once('end', () => process.exit(1));

const ledger = await openLedger({ file, ringSize: 0, rotateBytes: rotateBytes === undefined ? null : Number(rotateBytes) });
say(`open ${ledger.head().sequence}`);
let refused = false;
while (!stopped) {
  try {
    for (let index = 0; index < Number(perTurn); index += 1) ledger.append(requestStart({ path: `/${'x'.repeat(400)}` }));
    if (refused) say('taken');
    refused = false;
  } catch (error) {
    if (!refused) say(error instanceof CloisterError ? error.code : String(error));
    refused = true;
  }
  await sleep(Number(pauseMs));
}
await ledger.close();
say(`closed ${ledger.head().sequence}`);
process.stdin.destroy();
