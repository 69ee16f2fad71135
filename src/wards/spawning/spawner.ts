// Who starts wards: the host itself, and where it goes on starting some, a small process of its own. Must never let a ward be lost because that process was.
import type { Program } from '../hardening/open-hardening.ts';
import { openSpawnerChild, type SpawnerChild } from './spawner-child.ts';
import { type Started, startDirectly } from './started.ts';

/** A host that needs no more saves a process. */
const startsWithout = 4;
/** A machine that does not let it live is not asked for ever; */
const mostLost = 3;
/** one that let it live for so long is. */
const longLifeMs = 600_000;

/** Whose rights a process has that is started now. */
const rights = (): string => `${String(process.geteuid?.())}:${String(process.getegid?.())}`;

export class Spawner {
  readonly #onGivenUp: () => void;
  #starts = 0;
  #lost = 0;
  #opening: Promise<void> | null = null;
  #child: SpawnerChild | null = null;
  #openedAt = 0;
  #rights = '';
  #closed = false;

  /** `onGivenUp`: it was lost too often; from now on all are started by this process. */
  constructor(onGivenUp: () => void) {
    this.#onGivenUp = onGivenUp;
  }

  /** How a process that cannot be started ended is said by `ended`. */
  async start(program: Program): Promise<Started> {
    this.#starts += 1;
    this.#giveUpRights();
    const started = await this.#child?.start(program).catch(() => null);
    // Behind the one that is waited for: opening it is a fork of the host's too.
    if (this.#starts >= startsWithout) setImmediate(() => this.#open());
    return started ?? startDirectly(program);
  }

  /** What it started and runs still is killed. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#opening;
    await this.#child?.close();
  }

  /** What a host is not allowed any more its child must not do for it. */
  #giveUpRights(): void {
    if (this.#child === null || this.#rights === rights()) return;
    void this.#child.close();
    this.#child = null;
  }

  // Elsewhere a process is started without copying the one that starts it.
  #open(): void {
    if (process.platform !== 'linux' || this.#closed || this.#opening !== null || this.#child !== null || this.#lost >= mostLost) return;
    this.#rights = rights();
    this.#openedAt = performance.now();
    let opened: SpawnerChild | null = null;
    this.#opening = openSpawnerChild(() => {
      if (opened !== null && this.#child === opened) this.#lose();
    }).then(
      (child) => {
        opened = child;
        this.#child = child;
        this.#opening = null;
      },
      () => {
        this.#opening = null;
        this.#lose();
      },
    );
  }

  #lose(): void {
    this.#child = null;
    if (this.#closed) return;
    this.#lost = performance.now() - this.#openedAt > longLifeMs ? 1 : this.#lost + 1;
    if (this.#lost === mostLost) this.#onGivenUp();
  }
}
