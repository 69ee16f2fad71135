// Starts the bench's child programs and talks to them. Must never leave one behind: each ends when its channel closes.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export interface Program<Ready> {
  readonly pid: number;
  readonly ready: Ready;
  ask<Answer>(message: unknown): Promise<Answer>;
  close(): Promise<void>;
}

export interface ProgramStart {
  readonly file: string;
  readonly args?: readonly string[];
  readonly nodeFlags?: readonly string[];
  /** Run on this core only. */
  readonly core?: number;
}

const startMs = 120_000;
const stopMs = 10_000;

const nextMessage = (child: ChildProcess, what: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null): void =>
      reject(new Error(`${what} ended (${signal ?? `exit code ${code}`}) instead of answering`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message);
    });
  });

const within = <Value>(promise: Promise<Value>, what: string): Promise<Value> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not answer within ${startMs / 1_000} s`)), startMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

/** Resolves with the program's first message. */
export const openProgram = async <Ready>({ file, args = [], nodeFlags = [], core }: ProgramStart): Promise<Program<Ready>> => {
  const node = [process.execPath, ...nodeFlags, join(import.meta.dirname, file), ...args];
  const [command = '', ...rest] = core === undefined ? node : ['taskset', '-c', String(core), ...node];
  const child = spawn(command, rest, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const ready = (await within(nextMessage(child, file), file)) as Ready;
  return {
    pid: child.pid ?? -1,
    ready,
    ask: async <Answer>(message: unknown) => {
      const answer = within(nextMessage(child, file), file);
      child.send(message as object);
      return (await answer) as Answer;
    },
    close: async () => {
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
      await exited;
      clearTimeout(timer);
    },
  };
};
