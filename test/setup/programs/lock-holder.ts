// Takes the start lock of the folder it is given, prints `locked` or the error's code, and waits. For lock.test.ts to kill.
import { acquireLock } from '../../../src/cli/demo/lock.ts';
import { CloisterError } from '../../../src/errors.ts';

const [folder = ''] = process.argv.slice(2);
try {
  acquireLock(folder).announce('http://127.0.0.1:1');
  process.stdout.write('locked\n');
  process.stdin.resume();
} catch (error) {
  process.stdout.write(`${error instanceof CloisterError ? error.code : error}\n`);
}
