// Whose fault it is that more waits for the host than may: the cell's whose bytes most of it are. Must never end one for what another posted.

/** Of all that cells posted, in order, what some of them posted up to a place in it. */
interface Stretch<Cell> {
  readonly from: number;
  to: number;
  readonly posted: Map<Cell, number>;
}

/** What waits is told apart in so many stretches, give or take one. */
const stretches = 64;
/** Over so many times what may wait, whoever has more than this part of it there is ended, too. */
const ceiling = 2;
const smallPart = 1 / 16;

export class Backlog<Cell> {
  readonly #most: number;
  readonly #end: (cell: Cell) => void;
  /** What waits, by cell; the oldest goes first. */
  readonly #posted = new Map<Cell, number>();
  #waiting: Stretch<Cell>[] = [];
  #total = 0;
  /** Of what waits, what cells posted that were ended for it: it drains, and nobody else pays for it. */
  #forgiven = 0;

  /** `end` is called for a cell that is not the one that posts. */
  constructor(most: number, end: (cell: Cell) => void) {
    this.#most = most;
    this.#end = end;
  }

  /** Asked before each post. True: the cell that posts is to be ended for what waits of it. */
  isOver(cell: Cell, bytes: number, waiting: number): boolean {
    this.#drain(waiting === 0 ? this.#total : this.#total - waiting);
    this.#forgiven = Math.min(this.#forgiven, waiting);
    if (waiting > this.#most * ceiling && (this.#posted.get(cell) ?? 0) > this.#most * smallPart) return this.#forget(cell);
    this.#add(cell, bytes);
    if (waiting - this.#forgiven <= this.#most) return false;
    const guilty = this.#heaviest(cell);
    this.#forget(guilty);
    this.#forgiven = waiting;
    if (guilty !== cell) this.#end(guilty);
    return guilty === cell;
  }

  #drain(until: number): void {
    let drained = 0;
    for (const { to, posted } of this.#waiting) {
      if (to > until) break;
      drained += 1;
      for (const [cell, bytes] of posted) {
        const left = (this.#posted.get(cell) ?? 0) - bytes;
        if (left > 0) this.#posted.set(cell, left);
        else this.#posted.delete(cell);
      }
    }
    if (drained > 0) this.#waiting.splice(0, drained);
  }

  #add(cell: Cell, bytes: number): void {
    let last = this.#waiting.at(-1);
    if (last === undefined || last.to - last.from >= this.#most / stretches) {
      last = { from: this.#total, to: this.#total, posted: new Map() };
      this.#waiting.push(last);
    }
    this.#total += bytes;
    last.to = this.#total;
    last.posted.set(cell, (last.posted.get(cell) ?? 0) + bytes);
    this.#posted.set(cell, (this.#posted.get(cell) ?? 0) + bytes);
  }

  #forget(cell: Cell): true {
    this.#posted.delete(cell);
    for (const { posted } of this.#waiting) posted.delete(cell);
    return true;
  }

  #heaviest(cell: Cell): Cell {
    let heaviest = cell;
    for (const [one, bytes] of this.#posted) if (bytes > (this.#posted.get(heaviest) ?? 0)) heaviest = one;
    return heaviest;
  }
}
