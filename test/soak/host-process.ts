// Starts the host of the long soak and asks it what it has. Must never outlive it, nor wait for it for ever.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Belongings } from './belongings.ts';

export type Question =
  | { readonly ask: 'open'; readonly database: string; readonly ledger: string }
  | { readonly ask: 'belongings' | 'memory' | 'lateness' | 'rest' | 'close' };

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Of the event loop, in milliseconds. */
export interface HostLateness {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface HostProcess {
  readonly pid: number;
  /** Gives the port it serves. */
  open(database: string, ledger: string): Promise<number>;
  belongings(): Promise<Belongings>;
  memory(): Promise<NodeJS.MemoryUsage>;
  /** Since it was asked last. */
  lateness(): Promise<HostLateness>;
  /** Resolves when nothing runs there any more. */
  rest(): Promise<void>;
  /** Closes the runtime; the process stays. */
  closeRuntime(): Promise<void>;
  end(): Promise<void>;
}

const answerMs = 300_000;
const hostFile = fileURLToPath(new URL('hostile-host.ts', import.meta.url));

/** Its young generation has its full size from the start: what that takes bit by bit would look like a leak for minutes. */
const execArgv = ['--min-semi-space-size=16', '--expose-gc'];

export const startHostProcess = (temporaryFolder: string): HostProcess => {
  const child: ChildProcess = fork(hostFile, { execArgv, env: { ...process.env, TMPDIR: temporaryFolder } });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let count = 0;
  let gone: Error | null = null;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      gone = new Error(`the host of the soak ended (${String(signal ?? code)})`);
      for (const { reject } of waiting.values()) reject(gone);
      resolve();
    });
  });
  child.on('message', ({ id, value, error }: Answer) => {
    const one = waiting.get(id);
    if (error === undefined) one?.resolve(value);
    else one?.reject(new Error(error));
  });

  const ask = async (question: Question): Promise<unknown> => {
    if (gone !== null) throw gone;
    count += 1;
    const id = count;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        timer = setTimeout(() => reject(new Error(`the host of the soak did not answer ${question.ask}`)), answerMs);
        child.send({ id, question });
      });
    } finally {
      clearTimeout(timer);
      waiting.delete(id);
    }
  };

  return {
    pid: child.pid ?? 0,
    open: async (database, ledger) => Number(await ask({ ask: 'open', database, ledger })),
    belongings: async () => (await ask({ ask: 'belongings' })) as Belongings,
    memory: async () => (await ask({ ask: 'memory' })) as NodeJS.MemoryUsage,
    lateness: async () => (await ask({ ask: 'lateness' })) as HostLateness,
    rest: async () => void (await ask({ ask: 'rest' })),
    closeRuntime: async () => void (await ask({ ask: 'close' })),
    async end() {
      if (gone === null) child.disconnect();
      const timer = setTimeout(() => child.kill('SIGKILL'), answerMs);
      await exited;
      clearTimeout(timer);
    },
  };
};
