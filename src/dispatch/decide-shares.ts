// Divides what there is by weight: who wants less than its share gets what it wants, and what it leaves is the others'. Must never give out more than there is.

export interface Wish {
  readonly weight: number;
  /** Infinity: as much as it can get. */
  readonly wants: number;
}

/** What each may have, in the order of the wishes (max-min fairness). Who wants less than its share still gets all of that. */
export const decideShares = (capacity: number, wishes: readonly Wish[]): readonly number[] => {
  const order = wishes.map((wish, index) => ({ ...wish, index })).sort((one, other) => one.wants / one.weight - other.wants / other.weight);
  let left = capacity;
  let weights = wishes.reduce((sum, { weight }) => sum + weight, 0);
  const shares = new Array<number>(wishes.length).fill(0);
  for (const { weight, wants, index } of order) {
    const fair = (left * weight) / weights;
    // Not what it wants: it may come to want more.
    shares[index] = fair;
    left -= Math.min(fair, wants);
    weights -= weight;
  }
  return shares;
};
