// How long a host may go on with what it runs: until so long after it was last heard of. Must never wait for an answer to end it.

export class Hold {
  readonly #holdMs: number;
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** `holdMs` may be Infinity: nobody else takes what it runs. */
  constructor(holdMs: number, onOver: () => void) {
    this.#holdMs = holdMs;
    this.#onOver = onOver;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** It was heard of, no earlier than `from`. */
  renew(from: number): void {
    this.stop();
    this.#isOver = false;
    if (!Number.isFinite(this.#holdMs)) return;
    this.#timer = setTimeout(
      () => {
        this.#isOver = true;
        this.#onOver();
      },
      Math.max(0, from + this.#holdMs - performance.now()),
    );
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
