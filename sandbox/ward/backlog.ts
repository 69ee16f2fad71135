// Whose fault it is that more waits for the host than may: the cell's that posted most of it. Must never end one for what another posted.

export class Backlog<Cell> {
  readonly #most: number;
  readonly #end: (cell: Cell) => void;
  /** Bytes by cell since nothing waited. */
  readonly #posted = new Map<Cell, number>();
  /** Of what waits, what cells posted that were ended for it: it drains, and nobody else pays for it. */
  #forgiven = 0;

  /** `end` is called for a cell that is not the one that posts. */
  constructor(most: number, end: (cell: Cell) => void) {
    this.#most = most;
    this.#end = end;
  }

  /** Asked before each post. True: the cell that posts has posted most of what waits, and is to be ended. */
  isOver(cell: Cell, bytes: number, waiting: number): boolean {
    if (waiting === 0) this.#posted.clear();
    this.#forgiven = Math.min(this.#forgiven, waiting);
    this.#posted.set(cell, (this.#posted.get(cell) ?? 0) + bytes);
    if (waiting - this.#forgiven <= this.#most) return false;
    const guilty = this.#heaviest(cell);
    this.#posted.delete(guilty);
    this.#forgiven = waiting;
    if (guilty !== cell) this.#end(guilty);
    return guilty === cell;
  }

  #heaviest(cell: Cell): Cell {
    let heaviest = cell;
    for (const [one, bytes] of this.#posted) if (bytes > (this.#posted.get(heaviest) ?? 0)) heaviest = one;
    return heaviest;
  }
}
