// The spawner as its host sees it. Must never leave anybody waiting for a process that it started, whatever becomes of it.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Program } from '../hardening/open-hardening.ts';
import { killIfStill } from './birth.ts';
import type { FromSpawner, ReadyMessage, StartedMessage, ToSpawner } from './messages.ts';
import { type End, type Started, wardEnvironment } from './started.ts';

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
/** What takes longer to come up, to start or to kill a process, on whatever machine, is stopped or hangs. */
const usualObeyMs = 10_000;
const lost: End = { how: 'was killed: the process that starts wards is gone', blameless: true };

interface Coming {
  readonly resolve: (started: Started) => void;
  readonly reject: (error: Error) => void;
}
interface Running {
  readonly pid: number;
  readonly birth: string | null;
  readonly resolveEnd: (end: End) => void;
}

class Child implements SpawnerChild {
  readonly #process: ChildProcess;
  readonly #obeyMs: number;
  readonly #coming = new Map<number, Coming>();
  readonly #running = new Map<number, Running>();
  readonly ready: Promise<void>;
  readonly #gone: Promise<void>;
  #last = 0;
  #isReady = false;
  #isOver = false;

  constructor(onLost: () => void, obeyMs: number) {
    this.#obeyMs = obeyMs;
    this.#process = spawn(process.execPath, [processFile], { env: {}, stdio: ['pipe', 'ignore', 'ignore', 'ipc'] });
    this.#process.stdin?.on('error', () => undefined);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    promise.catch(() => undefined);
    this.#process.on('message', (message: FromSpawner, socket: unknown) => {
      if ('ready' in message) {
        this.#isReady = true;
        this.#hold();
        resolve();
      } else this.#receive(message, socket as Socket | undefined);
    });
    const end = (): void => {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#abandon();
      onLost();
      reject(new Error(lost.how));
      this.#loseAll();
    };
    this.#process.on('error', end);
    this.#gone = new Promise((settle) => {
      this.#process.once('exit', settle);
      // It never was.
      if (this.pid === 0) this.#process.once('error', settle);
    });
    void this.#gone.then(end);
    this.#expect(
      () => this.#isReady,
      () => this.#abandon(),
      usualObeyMs,
    );
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  async start(program: Program): Promise<Started> {
    if (this.#isOver) throw new Error(lost.how);
    this.#last += 1;
    const id = this.#last;
    const { promise, resolve, reject } = Promise.withResolvers<Started>();
    this.#coming.set(id, { resolve, reject });
    this.#hold();
    this.#tell({ start: id, program, environment: wardEnvironment() });
    // One that hangs must not keep a host from starting more.
    this.#expect(
      () => !this.#coming.has(id),
      () => this.#abandon(),
    );
    return await promise;
  }

  async close(): Promise<void> {
    this.#process.ref();
    if (this.#process.connected) this.#process.disconnect();
    this.#process.stdin?.destroy();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), this.#obeyMs);
    await this.#gone;
    clearTimeout(timer);
  }

  /** Whether or not it can still be killed, it hears that it is not needed. */
  #abandon(): void {
    this.#process.kill('SIGKILL');
    if (this.#process.connected) this.#process.disconnect();
    this.#process.stdin?.destroy();
  }

  /** An idle one keeps no process alive that would end. */
  #hold(): void {
    const way = this.#isReady && this.#coming.size + this.#running.size === 0 ? 'unref' : 'ref';
    this.#process[way]();
    this.#process.channel?.[way]();
    // A pipe to a child is a socket, whatever its type says.
    (this.#process.stdin as Socket | null)?.[way]();
  }

  /** Looks twice: where this process, or both, stood still meanwhile, the answer is there and not read yet, or to come. */
  #expect(isDone: () => boolean, otherwise: () => void, withinMs = this.#obeyMs): void {
    const look = (next: () => void): void => {
      setTimeout(() => {
        if (!isDone()) next();
      }, withinMs / 2).unref();
    };
    look(() => look(otherwise));
  }

  #tell(message: ToSpawner): void {
    // Where it is gone, 'exit' settles all that waits.
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  #receive(message: Exclude<FromSpawner, ReadyMessage>, socket: Socket | undefined): void {
    if ('started' in message) this.#begin(message, socket);
    else if ('failed' in message) this.#fail(message.failed, message.reason);
    else {
      // A socket for which the host has no descriptor left does not arrive, and its message with it.
      this.#fail(message.ended, 'its socket did not arrive');
      this.#finish(message.ended, { how: message.how, blameless: false });
    }
    this.#hold();
  }

  #fail(id: number, reason: string): void {
    this.#coming.get(id)?.reject(new Error(reason));
    this.#coming.delete(id);
  }

  #finish(id: number, end: End): void {
    this.#running.get(id)?.resolveEnd(end);
    this.#running.delete(id);
  }

  #begin({ started: id, pid, birth }: StartedMessage, socket: Socket | undefined): void {
    const coming = this.#coming.get(id);
    this.#coming.delete(id);
    if (socket === undefined || coming === undefined) {
      // Nobody waits any more.
      socket?.destroy();
      this.#tell({ kill: id });
      coming?.reject(new Error('its socket did not arrive'));
      return;
    }
    const { promise: ended, resolve: resolveEnd } = Promise.withResolvers<End>();
    const read = new Promise((resolve) => socket.once('close', resolve));
    // What nobody reads is not waited for, as Node does it with its own children.
    void ended.then(() => socket.resume());
    this.#running.set(id, { pid, birth, resolveEnd });
    const kill = (): void => {
      this.#tell({ kill: id });
      // Where it is the process that does not go, all that can be done is done; where it is the spawner, this does it.
      this.#expect(
        () => !this.#running.has(id),
        () => {
          killIfStill(pid, birth);
          socket.destroy();
          this.#finish(id, { how: 'was killed, and does not go', blameless: false });
          this.#hold();
        },
      );
    };
    coming.resolve({ pid, socket, ended: ended.then((end) => (end.blameless ? end : read.then(() => end))), kill });
  }

  #loseAll(): void {
    for (const id of this.#coming.keys()) this.#fail(id, lost.how);
    for (const [id, { pid, birth }] of this.#running) {
      // It may have ended with nobody left to say so.
      killIfStill(pid, birth);
      this.#finish(id, lost);
    }
  }
}

/** Rejects where it does not come up. `onLost` is called once, when it ends. `obeyMs`: it has so long to start a process, to end one and to go. */
export const openSpawnerChild = async (onLost: () => void, obeyMs = usualObeyMs): Promise<SpawnerChild> => {
  const child = new Child(onLost, obeyMs);
  await child.ready;
  return child;
};
