// When a ward has lived or grown enough. Must never end one: it only decides.

export interface RecycleTerms {
  readonly maxAgeMs: number;
  readonly maxGrowthFactor: number;
}

export interface WardAge {
  readonly ageMs: number;
  /** From 0 to 1, its own for its whole life: wards that began together must not end together. */
  readonly luck: number;
  readonly ownMb: number;
  /** What it held with its first cell; 0: not known yet. */
  readonly freshMb: number;
  readonly cells: number;
}

/** What one more small cell adds. */
const cellMb = 3;
/** A ward lives at least so long: what grows at once would be replaced without end, and has limits of its own. */
const leastAgeMs = 60_000;

/** Why it is to take no new cells and end when its requests are over; null: it goes on. */
export const decideRecycle = (terms: RecycleTerms, { ageMs, luck, ownMb, freshMb, cells }: WardAge): string | null => {
  if (ageMs > terms.maxAgeMs * (0.9 + luck / 10)) return `it is older than wards.maxAgeMs (${terms.maxAgeMs})`;
  if (freshMb === 0 || ageMs < leastAgeMs) return null;
  const mostMb = terms.maxGrowthFactor * (freshMb + cellMb * Math.max(0, cells - 1));
  if (ownMb <= mostMb) return null;
  return `it has grown from ${Math.round(freshMb)} to ${Math.round(ownMb)} MB, over wards.maxGrowthFactor (${terms.maxGrowthFactor})`;
};
