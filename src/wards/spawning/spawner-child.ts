// The spawner as its host sees it. Must never leave anybody waiting for a process that it started, whatever becomes of it.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Program } from '../hardening/open-hardening.ts';
import type { FromSpawner, ToSpawner } from './messages.ts';
import { type Started, wardEnvironment } from './started.ts';

export interface SpawnerChild {
  readonly pid: number;
  /** Rejects where the process could not be started, or the spawner ends or hangs. */
  start(program: Program): Promise<Started>;
  /** Resolves when it is gone, and with it all that it started. */
  close(): Promise<void>;
}

const processFile = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './spawner-process.ts' : './spawner-process.js', import.meta.url),
);
const openMs = 10_000;
/** What takes longer to start or to kill a process, on whatever machine, is stopped or hangs. */
const usualObeyMs = 10_000;
const lost = 'was killed: the process that starts wards is gone';

interface Coming {
  readonly resolve: (started: Started) => void;
  readonly reject: (error: Error) => void;
}
interface Running {
  readonly pid: number;
  readonly birth: string | null;
  readonly resolveEnd: (how: string) => void;
}

/** When a process began, in ticks since the machine did: with its number it names one process only (proc(5), starttime). */
const birthOf = (pid: number): string | null => {
  try {
    return (
      readFileSync(`/proc/${String(pid)}/stat`, 'latin1')
        .split(') ')
        .at(-1)
        ?.split(' ')[19] ?? null
    );
  } catch {
    return null;
  }
};

const killIfThere = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended just now.
  }
};

class Child implements SpawnerChild {
  readonly #process: ChildProcess;
  readonly #coming = new Map<number, Coming>();
  readonly #running = new Map<number, Running>();
  readonly ready: Promise<void>;
  readonly #gone: Promise<void>;
  readonly #obeyMs: number;
  #last = 0;
  #isOver = false;

  constructor(onLost: () => void, obeyMs: number) {
    this.#obeyMs = obeyMs;
    this.#process = spawn(process.execPath, [processFile], { env: {}, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), openMs);
    promise.catch(() => undefined).finally(() => clearTimeout(timer));
    this.#process.on('message', (message: FromSpawner, socket: unknown) => {
      if ('ready' in message) resolve();
      else this.#receive(message, socket as Socket | undefined);
    });
    const end = (): void => {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#process.kill('SIGKILL');
      onLost();
      reject(new Error(lost));
      this.#loseAll();
    };
    this.#process.on('error', end);
    this.#gone = new Promise((settle) => {
      this.#process.once('exit', settle);
      // It never was.
      if (this.pid === 0) this.#process.once('error', settle);
    });
    void this.#gone.then(end);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  async start(program: Program): Promise<Started> {
    if (this.#isOver) throw new Error(lost);
    this.#last += 1;
    const id = this.#last;
    const { promise, resolve, reject } = Promise.withResolvers<Started>();
    this.#coming.set(id, { resolve, reject });
    this.#tell({ start: id, program, environment: wardEnvironment() });
    this.#expect(() => !this.#coming.has(id));
    return await promise;
  }

  async close(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), this.#obeyMs);
    await this.#gone;
    clearTimeout(timer);
  }

  /** One that hangs must not keep what it started from its end, nor a host from starting more. */
  #expect(isDone: () => boolean): void {
    setTimeout(() => {
      if (!isDone()) this.#process.kill('SIGKILL');
    }, this.#obeyMs).unref();
  }

  #tell(message: ToSpawner): void {
    // Where it is gone, 'exit' settles all that waits.
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  #receive(message: Exclude<FromSpawner, { readonly ready: true }>, socket: Socket | undefined): void {
    if ('ended' in message) {
      this.#running.get(message.ended)?.resolveEnd(message.how);
      this.#running.delete(message.ended);
      return;
    }
    const id = 'started' in message ? message.started : message.failed;
    const coming = this.#coming.get(id);
    this.#coming.delete(id);
    if ('failed' in message) coming?.reject(new Error(message.reason));
    else if (socket !== undefined && coming !== undefined) coming.resolve(this.#follow(id, message.pid, socket));
    else {
      // Nobody waits any more, or the host has no descriptor left for it.
      socket?.destroy();
      this.#tell({ kill: id });
      coming?.reject(new Error('its socket did not arrive'));
    }
  }

  #follow(id: number, pid: number, socket: Socket): Started {
    const { promise: ended, resolve: resolveEnd } = Promise.withResolvers<string>();
    const read = new Promise((resolve) => socket.once('close', resolve));
    // What nobody reads is not waited for, as Node does it with its own children.
    void ended.then(() => socket.resume());
    this.#running.set(id, { pid, birth: birthOf(pid), resolveEnd });
    const kill = (): void => {
      this.#tell({ kill: id });
      this.#expect(() => !this.#running.has(id));
    };
    return { pid, socket, ended: ended.then((how) => read.then(() => how)), kill };
  }

  #loseAll(): void {
    for (const { reject } of this.#coming.values()) reject(new Error(lost));
    this.#coming.clear();
    for (const { pid, birth, resolveEnd } of this.#running.values()) {
      // It may have ended with nobody left to say so.
      if (birth !== null && birthOf(pid) === birth) killIfThere(pid);
      resolveEnd(lost);
    }
    this.#running.clear();
  }
}

/** Rejects where it does not come up. `onLost` is called once, when it ends. */
export const openSpawnerChild = async (onLost: () => void, obeyMs = usualObeyMs): Promise<SpawnerChild> => {
  const child = new Child(onLost, obeyMs);
  await child.ready;
  return child;
};
