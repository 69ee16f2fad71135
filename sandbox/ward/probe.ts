// Tries to break out the plain way, for `cloister doctor`: started like a ward, it says what it could do. Must never be started with anything worth having.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { Worker } from 'node:worker_threads';

interface Bait {
  /** Files that everybody may read and write, and that only the host's user may read. */
  readonly open: string;
  readonly closed: string;
  readonly port: number;
  readonly host: number;
}

const bait = JSON.parse(process.argv[2] ?? '{}') as Bait;
const manyFiles = 200;
const patienceMs = 3_000;

/** Resolves when it worked. */
const settled = (start: (resolve: () => void, reject: (error: Error) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('nothing happened')), patienceMs).unref();
    start(resolve, reject);
  });

const attempts: Readonly<Record<string, () => unknown>> = {
  environment: () => {
    if (Object.keys(process.env).every((name) => name === 'TZ')) throw new Error('empty');
  },
  read: () => readFileSync(bait.open),
  write: () => appendFileSync(bait.open, 'x'),
  peek: () => readFileSync(`/proc/${bait.host}/environ`),
  owned: () => readFileSync(bait.closed),
  signal: () => process.kill(bait.host, 0),
  files: () => {
    const opened: number[] = [];
    try {
      for (let count = 0; count < manyFiles; count += 1) opened.push(openSync('/dev/null', 'r'));
    } finally {
      for (const file of opened) closeSync(file);
    }
  },
  connect: () =>
    settled((resolve, reject) => {
      connect(bait.port, '127.0.0.1', resolve).on('error', reject);
    }),
  listen: () =>
    settled((resolve, reject) => {
      createServer().on('error', reject).listen(0, '127.0.0.1', resolve);
    }),
  process: () =>
    settled((resolve, reject) => {
      // It opens no file for its streams: that is another attempt, and must not be what stops this one.
      const child: ChildProcess = spawn('/bin/true', [], { stdio: 'inherit' });
      child.on('error', reject).on('close', (code) => (code === 0 ? resolve() : reject(new Error('failed'))));
    }),
  worker: () =>
    settled((resolve, reject) => {
      new Worker('', { eval: true }).on('error', reject).on('exit', () => resolve());
    }),
};

/** Attempt → null where it worked, else what stopped it. */
const results: Record<string, string | null> = {};
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    await attempt();
    results[name] = null;
  } catch (error) {
    results[name] = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : 'failed';
  }
}
writeSync(3, JSON.stringify(results));
process.kill(process.pid, 'SIGKILL');
