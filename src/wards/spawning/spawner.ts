// Who starts wards: the host itself, and where it goes on starting some, a small process of its own. Must never let a ward be lost because that process was.
import type { Program } from '../hardening/open-hardening.ts';
import { openSpawnerChild, type SpawnerChild } from './spawner-child.ts';
import { type Started, startDirectly } from './started.ts';

/** A host that needs no more saves a process. */
const startsWithout = 4;
/** A machine that does not let it live is not asked for ever. */
const mostLost = 3;

export class Spawner {
  #starts = 0;
  #lost = 0;
  #opening: Promise<void> | null = null;
  #child: SpawnerChild | null = null;
  #closed = false;

  /** How a process that cannot be started ended is said by `ended`. */
  async start(program: Program): Promise<Started> {
    this.#starts += 1;
    const started = await this.#child?.start(program).catch(() => null);
    // Behind the one that is waited for: opening it is a fork of the host's too.
    if (this.#starts >= startsWithout) setImmediate(() => this.#open());
    return started ?? startDirectly(program);
  }

  /** Where it started a process that runs still, that is killed. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#opening;
    await this.#child?.close();
  }

  // Elsewhere a process is started without copying the one that starts it.
  #open(): void {
    if (process.platform !== 'linux' || this.#closed || this.#opening !== null || this.#child !== null || this.#lost >= mostLost) return;
    this.#opening = openSpawnerChild(() => {
      this.#child = null;
      this.#lost += 1;
    }).then(
      (child) => {
        this.#child = child;
        this.#opening = null;
      },
      () => {
        this.#lost += 1;
        this.#opening = null;
      },
    );
  }
}
