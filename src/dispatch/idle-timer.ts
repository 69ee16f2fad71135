// Says when nothing has happened for a while. One timer, looked at when it rings: a busy owner pays nothing for it. Must never keep the process alive.

export class IdleTimer {
  readonly #idleMs: number;
  readonly #onIdle: () => void;
  #timer: NodeJS.Timeout | null = null;
  #since = 0;

  constructor(idleMs: number, onIdle: () => void) {
    this.#idleMs = idleMs;
    this.#onIdle = onIdle;
  }

  /** From now on nothing happens, as far as the owner knows. */
  start(): void {
    this.#since = performance.now();
    if (this.#timer === null) this.#arm(this.#idleMs);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      const leftMs = this.#idleMs - (performance.now() - this.#since);
      if (leftMs > 1) this.#arm(leftMs);
      else this.#onIdle();
    }, delayMs);
    this.#timer.unref();
  }
}
