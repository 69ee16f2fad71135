// One ward as the host sees it: a child process, its socket, its memory. Must never trust a frame: it only cuts and counts them.
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { type Frame, FrameReader, FrameWriter } from '../../sandbox/protocol/frames.ts';
import { toHost } from '../../sandbox/protocol/kinds.ts';
import { pageMb } from '../limits/page-size.ts';
import type { Started } from './spawning/started.ts';

export interface WardOptions {
  readonly started: Started;
  /** What it boots from, as it goes over the wire. */
  readonly start: readonly Uint8Array[];
  readonly maxTextBytes: number;
  readonly maxRawBytes: number;
  readonly bootMs: number;
}

export interface WardEvents {
  onFrame(frame: Frame): void;
  /** Nothing more comes from it. `reason`: why the host killed it, or how it went by itself. `blameless`: nothing in it was the cause. */
  onExit(reason: string, blameless: boolean): void;
}

/** A ward reads all the time; so many of the largest frames unread are no delay. */
const unreadFrames = 4;

export class WardProcess {
  readonly pid: number;
  /** Rejects when the ward does not come up. */
  readonly ready: Promise<void>;
  /** Resolves when the process has ended. */
  readonly gone: Promise<void>;
  readonly #started: Started;
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  #events: WardEvents | null = null;
  #exited = false;
  /** Bytes: some of the largest frames there can be. */
  readonly #mostUnread: number;
  #resolveReady: () => void = () => undefined;
  #rejectReady: (error: Error) => void = () => undefined;

  constructor(options: WardOptions) {
    this.#mostUnread = unreadFrames * (options.maxTextBytes + options.maxRawBytes);
    this.#started = options.started;
    this.pid = this.#started.pid;
    this.#socket = this.#started.socket;
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    // Whoever placed a cell here awaits it; a spare ward nobody waits for must not end the host.
    this.ready.catch(() => undefined);
    const bootTimer = setTimeout(() => this.kill('did not come up'), options.bootMs);
    this.ready.then(
      () => clearTimeout(bootTimer),
      () => clearTimeout(bootTimer),
    );
    this.#writer = new FrameWriter(
      (buffers) => {
        if (this.#exited || this.#socket.destroyed) return;
        this.#socket.cork();
        for (const buffer of buffers) this.#socket.write(buffer);
        this.#socket.uncork();
      },
      (flush) => setImmediate(flush),
    );
    const reader = new FrameReader(
      options,
      (frame) => this.#receive(frame),
      (reason) => this.kill(`protocol: ${reason}`),
    );
    this.#socket.on('data', (data: Buffer) => reader.push(data));
    this.#socket.on('error', () => this.kill('its socket broke'));
    this.gone = this.#started.ended.then(({ how, blameless }) => this.#lose(how, blameless));
    this.#writer.pass(options.start);
  }

  get exited(): boolean {
    return this.#exited;
  }

  listen(events: WardEvents): void {
    this.#events = events;
  }

  write(kind: number, id: number, a: number, b: number, text: string, raw: Uint8Array | null): void {
    if (this.#exited) return;
    if (this.#socket.writableLength > this.#mostUnread) return this.kill('protocol: it does not read what it is sent');
    this.#writer.write(kind, id, a, b, text, raw);
  }

  /** SIGKILL, which nobody waits for: the kernel may take half a second to give a large process's memory back. */
  kill(reason: string): void {
    if (this.#exited) return;
    this.#started.kill();
    this.#lose(reason);
  }

  /** Read from outside; 0 where the platform does not tell. `sharedMb`: pages of files, which all wards have in common. */
  memory(): { readonly residentMb: number; readonly sharedMb: number } {
    try {
      const [, resident, shared] = readFileSync(`/proc/${this.pid}/statm`, 'latin1').split(' ');
      return { residentMb: Number(resident) * pageMb(), sharedMb: Number(shared) * pageMb() };
    } catch {
      return { residentMb: 0, sharedMb: 0 };
    }
  }

  #receive(frame: Frame): void {
    if (this.#exited) return;
    if (frame.kind === toHost.ready) {
      this.#resolveReady();
      return;
    }
    // Whatever a ward sends, it must not be able to end the host: what cannot be handled ends the ward.
    try {
      this.#events?.onFrame(frame);
    } catch (error) {
      this.kill(
        `protocol: a frame of kind ${frame.kind} could not be handled (${error instanceof Error ? error.message : 'unknown cause'})`,
      );
    }
  }

  #lose(reason: string, blameless = false): void {
    if (this.#exited) return;
    this.#exited = true;
    this.#socket.destroy();
    this.#rejectReady(new Error(`the ward ${reason}`));
    this.#events?.onExit(reason, blameless);
  }
}
