// A real nats-server with JetStream on a free port of this machine, with a folder of its own. Must never outlive who started it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const program = process.env['CLOISTER_TEST_NATS_SERVER'] ?? 'nats-server';

export interface NatsServer {
  readonly port: number;
  readonly url: string;
  /** Ends it, and starts it again over the same folder. */
  restart(signal: 'SIGTERM' | 'SIGKILL', awayMs: number): Promise<void>;
  kill(): Promise<void>;
  /** It is there and says nothing. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

const startMs = 20_000;

export const findPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
};

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
    socket.setTimeout(1_000, () => end(false));
  });

/** `more`: lines of its configuration file. */
export const openNatsServer = async (more = ''): Promise<NatsServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'cloister-nats-'));
  const port = await findPort();
  const config = join(folder, 'server.conf');
  writeFileSync(
    config,
    `listen: "127.0.0.1:${String(port)}"\njetstream { store_dir: ${JSON.stringify(join(folder, 'store'))} }\n${more}\n`,
  );
  let child: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    const started = spawn(program, ['-c', config], { stdio: 'ignore' });
    child = started;
    for (const end = performance.now() + startMs; !(await answers(port)); await sleep(50))
      if (started.exitCode !== null || performance.now() > end) throw new Error(`${program} did not start on port ${String(port)}`);
  };
  const stop = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    await gone;
  };
  await start();
  return {
    port,
    url: `nats://127.0.0.1:${String(port)}`,
    async restart(signal, awayMs) {
      await stop(signal);
      await sleep(awayMs);
      await start();
    },
    kill: () => stop('SIGKILL'),
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async close() {
      await stop('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
