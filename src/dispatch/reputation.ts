// What one extension × tenant has earned: strikes that park it, suspicion that keeps it alone. Must never end a cell itself.
import { Breaker, type BreakerOptions } from './breaker.ts';
import type { Cell, Loss } from './cell.ts';

export type ReputationEvent = 'extension.suspect' | 'extension.parked' | 'extension.released';

/** Answers in a row after which a suspect is trusted with neighbours again. */
const trustAfter = 20;

export class Reputation {
  readonly #breaker: Breaker;
  readonly #onLife: (event: ReputationEvent, subject: string, reason: string) => void;
  #suspectFor = 0;

  constructor(breaker: BreakerOptions, onLife: (event: ReputationEvent, subject: string, reason: string) => void) {
    this.#breaker = new Breaker(breaker);
    this.#onLife = onLife;
  }

  /** How long it is parked from now on; 0 where it is not. */
  get parkedMs(): number {
    return this.#breaker.parkedMs();
  }
  /** No strike of late, no suspicion, no pause. */
  get isClean(): boolean {
    return this.#suspectFor === 0 && this.#breaker.isClean();
  }
  /** Its next cell boots in a ward of its own. */
  get suspect(): boolean {
    return this.#suspectFor > 0;
  }

  /** A cell was lost while registering beside others: the next try is alone, and decides. */
  doubt(): void {
    this.#suspectFor = Math.max(this.#suspectFor, 1);
  }

  distrust(cell: Cell, how: Loss['how'], reason: string): void {
    if (how === 'crash') {
      this.#suspectFor = trustAfter;
      this.#onLife('extension.suspect', '', reason);
    }
    this.strikeFor(cell, reason);
  }

  /** One strike for one cell, however many ways it has gone wrong. */
  strikeFor(cell: Cell, reason: string): void {
    if (cell.struck) return;
    cell.struck = true;
    this.strike(reason);
  }

  strike(reason: string): void {
    if (this.#breaker.strike()) this.#onLife('extension.parked', `for ${Math.round(this.#breaker.parkedMs())} ms`, reason);
  }

  /** An answer as it should be. True where it is no longer suspect from now on. */
  succeed(): boolean {
    if (this.#breaker.succeed()) this.#onLife('extension.released', '', 'a request went well');
    if (this.#suspectFor === 0) return false;
    this.#suspectFor -= 1;
    return this.#suspectFor === 0;
  }
}
