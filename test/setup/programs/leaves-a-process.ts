// Starts a process that outlives it, and prints that one's pid. For session.test.ts.
import { spawn } from 'node:child_process';

const child = spawn('sleep', ['30'], { stdio: 'ignore' });
child.unref();
process.stdout.write(`${child.pid}\n`);
