// Types commands of `cloister`: in a process of its own, or one after another in a process that has loaded them. Must never be the only way in which a command is tried warm: each has a run of its own.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterOutput, type WarmCommand, type WarmEnd } from './warm-command.ts';

export const mainFile = join(import.meta.dirname, '../../src/cli/main.ts');

export interface Outcome {
  /** null where it was ended by a signal. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface StartedCommand {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
  /** What it said so far, on both. */
  said(): string;
}

const started = new Set<ChildProcess>();

/** For `afterEach` or `after`: a test that failed must not leave a process that keeps this one waiting. */
export const endCommands = (): void => {
  for (const child of started) child.kill('SIGKILL');
};

/** In a process of its own, as it is typed. */
export const startCommand = (args: readonly string[], cwd = process.cwd()): StartedCommand => {
  const child = spawn(process.execPath, [mainFile, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  started.add(child);
  let [out, err, said] = ['', '', ''];
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    out += part;
    said += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    err += part;
    said += part;
  });
  const outcome = once(child, 'close').then(([code]) => {
    started.delete(child);
    return { code: code as number | null, out, err };
  });
  return { child, outcome, said: () => said };
};

export const runCommand = (args: readonly string[], cwd?: string): Promise<Outcome> => startCommand(args, cwd).outcome;

export interface WarmCommands {
  /** As if typed anew; one at a time. Rejects where something of it stays that would keep its process from ending. */
  run(args: readonly string[], cwd?: string): Promise<Outcome>;
  close(): Promise<void>;
}

/** What came on a stream up to the mark after the one command whose output it is. */
const readTo = (stream: NodeJS.ReadableStream | null, mark: string): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    const onData = (part: string): void => {
      text += part;
      if (!text.endsWith(mark)) return;
      stream?.off('data', onData);
      resolve(text.slice(0, -mark.length));
    };
    stream?.on('data', onData);
  });

/** A fresh process takes half a second of a processor for each command, most of it to load the same sources. */
export const openWarmCommands = (): WarmCommands => {
  let child: ChildProcess | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const launch = (): ChildProcess => {
    const host = fork(join(import.meta.dirname, 'warm-command.ts'), [], { execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    for (const stream of [host.stdout, host.stderr]) stream?.setEncoding('utf8');
    return host;
  };
  const runNow = async (command: WarmCommand): Promise<Outcome> => {
    child ??= launch();
    const ended = once(child, 'message') as Promise<[WarmEnd]>;
    const died = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`the process of the commands ended (${String(code ?? signal)}) at: ${command.args.join(' ')}`);
    });
    const output = Promise.all([readTo(child.stdout, afterOutput), readTo(child.stderr, afterOutput)]);
    child.send(command);
    const [[{ code, kept }], [out, err]] = await Promise.race([Promise.all([ended, output]), died]);
    if (kept.length > 0) throw new Error(`${command.args.join(' ')} leaves ${kept.join(', ')}, which would keep its process\n${out}${err}`);
    return { code, out, err };
  };
  return {
    run(args, cwd = process.cwd()) {
      const outcome = last.then(() => runNow({ args, cwd }));
      last = outcome.catch(() => {});
      return outcome;
    },
    async close() {
      await last;
      if (child === undefined || child.exitCode !== null) return;
      child.disconnect();
      await once(child, 'exit');
    },
  };
};
