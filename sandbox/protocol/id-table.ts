// Things by number, for what comes and goes with every request. Must never keep what was deleted alive, and imports nothing.

const { imul, clz32 } = Math;
const spread = 0x9e3779b1;
const fewest = 16;

/**
 * A Map that lives long beside many short-lived values is costly: each time it fills up with deleted entries it moves to a new table, the old one
 * points to the new, and once one of them has grown old, so does all that any later one held, until the next full collection.
 * This one deletes in place. Ids are whole numbers above 0.
 */
export class IdTable<Value> {
  #keys: number[] = [];
  #values: (Value | null)[] = [];
  #mask = -1;
  #shift = 0;
  #size = 0;

  constructor() {
    this.#resize(fewest);
  }

  get size(): number {
    return this.#size;
  }

  get(id: number): Value | undefined {
    return this.#values[this.#find(id)] ?? undefined;
  }

  set(id: number, value: Value): void {
    let at = this.#find(id);
    if (this.#keys[at] !== id) {
      // At most half full: so there is always an empty place to stop at.
      if (this.#size * 2 >= this.#keys.length) {
        this.#resize(this.#keys.length * 2);
        at = this.#find(id);
      }
      this.#size += 1;
    }
    this.#keys[at] = id;
    this.#values[at] = value;
  }

  delete(id: number): boolean {
    const keys = this.#keys;
    const values = this.#values;
    let hole = this.#find(id);
    if (keys[hole] !== id || id === 0) return false;
    this.#size -= 1;
    // What was pushed on from its own place moves back into the hole.
    for (let at = (hole + 1) & this.#mask; ; at = (at + 1) & this.#mask) {
      const key = keys[at] ?? 0;
      if (key === 0) break;
      const home = this.#homeOf(key);
      if (((at - home) & this.#mask) < ((at - hole) & this.#mask)) continue;
      keys[hole] = key;
      values[hole] = values[at] ?? null;
      hole = at;
    }
    keys[hole] = 0;
    values[hole] = null;
    return true;
  }

  clear(): void {
    this.#keys = [];
    this.#resize(fewest);
    this.#size = 0;
  }

  /** In no order. */
  values(): readonly Value[] {
    const list: Value[] = [];
    for (let at = 0; at < this.#keys.length; at += 1) if (this.#keys[at] !== 0) list[list.length] = this.#values[at] as Value;
    return list;
  }

  #homeOf(id: number): number {
    return imul(id, spread) >>> this.#shift;
  }

  /** Where `id` is, or would be. */
  #find(id: number): number {
    let at = this.#homeOf(id);
    while (this.#keys[at] !== id && this.#keys[at] !== 0) at = (at + 1) & this.#mask;
    return at;
  }

  #resize(places: number): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = [];
    this.#values = [];
    for (let at = 0; at < places; at += 1) {
      this.#keys[at] = 0;
      this.#values[at] = null;
    }
    this.#mask = places - 1;
    this.#shift = 32 - (31 - clz32(places));
    for (let from = 0; from < keys.length; from += 1) {
      const id = keys[from] ?? 0;
      if (id === 0) continue;
      const at = this.#find(id);
      this.#keys[at] = id;
      this.#values[at] = values[from] ?? null;
    }
  }
}
