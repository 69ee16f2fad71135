// Debuggers of the cells of one ward, on a ward that was started for it. Must never do anything on another.
import { inspectSteps } from '../protocol/kinds.ts';
import type { Cell } from './cell.ts';
import type { Inspection } from './engine.ts';

/** The engine throws where the isolate has gone meanwhile. */
const attempt = (work: () => void): void => {
  try {
    work();
  } catch {
    // Its end is told by other means.
  }
};

export class Inspections {
  readonly #enabled: boolean;
  readonly #write: (cell: number, message: string) => void;
  readonly #open = new Map<Cell, Inspection>();

  constructor(enabled: boolean, write: (cell: number, message: string) => void) {
    this.#enabled = enabled;
    this.#write = write;
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  receive(cell: Cell | undefined, step: number, message: string): void {
    if (!this.#enabled || cell === undefined) return;
    if (step === inspectSteps.open) return this.#begin(cell);
    const inspection = this.#open.get(cell);
    if (inspection === undefined) return;
    if (step === inspectSteps.message) attempt(() => inspection.send(message));
    else this.#end(cell, inspection);
  }

  /** The cell is about to end: what debugs it lets go first, for it would keep the isolate's thread. */
  forget(cell: Cell): void {
    const inspection = this.#open.get(cell);
    if (inspection !== undefined) this.#end(cell, inspection);
  }

  #begin(cell: Cell): void {
    if (this.#open.has(cell) || cell.ended) return;
    const inspection = cell.isolate.inspect((message) => {
      // V8 writes these two itself, and the method first.
      if (message.startsWith('{"method":"Debugger.paused"')) cell.pause();
      else if (message.startsWith('{"method":"Debugger.resumed"')) cell.resume();
      this.#write(cell.id, message);
    });
    this.#open.set(cell, inspection);
  }

  #end(cell: Cell, inspection: Inspection): void {
    this.#open.delete(cell);
    attempt(() => inspection.close());
    cell.resume();
  }
}
