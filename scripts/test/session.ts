// A command in a session of its own, so that whatever it leaves behind can be found and ended. Must never touch a process outside that session.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

const graceMs = 2_000;
const pollMs = 50;

const readIfThere = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** Processes of a session, zombies aside. Empty where there is no /proc. */
export const membersOf = (session: number): readonly Leftover[] => {
  const pids = process.platform === 'linux' ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
  return pids.flatMap((pid) => {
    // After the closing bracket of the command: state, parent, group, session.
    const [state, , , ownSession] = readIfThere(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
    if (Number(ownSession) !== session || state === 'Z') return [];
    return [{ pid: Number(pid), command: readIfThere(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() }];
  });
};

const signalIfThere = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile.
  }
};

const waitUntilEmpty = async (session: number): Promise<void> => {
  for (const until = Date.now() + graceMs; Date.now() < until && membersOf(session).length > 0; ) await sleep(pollMs);
};

/** Ends what is left of a session and says what had to be ended. */
const clearSession = async (session: number): Promise<readonly Leftover[]> => {
  await waitUntilEmpty(session);
  const left = membersOf(session);
  for (const { pid } of left) signalIfThere(pid, 'SIGKILL');
  await waitUntilEmpty(session);
  return left;
};

export interface SessionRun {
  readonly code: number | null;
  /** Standard output and error as they came. */
  readonly output: string;
  readonly timedOut: boolean;
  readonly leftovers: readonly Leftover[];
}

export interface SessionOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Asks it to stop early. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** Runs it to its end or its timeout; then clears its session. */
export const runInSession = async (
  command: string,
  args: readonly string[],
  { env, signal, timeoutMs }: SessionOptions,
): Promise<SessionRun> => {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const session = child.pid ?? -1;
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => output.push(text));
  const closed = new Promise((resolve) => child.once('close', resolve));
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('exit', resolve);
  });
  let timedOut = false;
  const stop = (): void => signalIfThere(-session, 'SIGKILL');
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, timeoutMs);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const code = await exited;
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
  const leftovers = session > 1 ? await clearSession(session) : [];
  // A process outside the session may still hold the pipes: its output is nobody's.
  await Promise.race([closed, sleep(graceMs, undefined, { ref: false })]);
  return { code, output: output.join(''), timedOut, leftovers };
};
