// Guesses which key a writer meant. Must never be more than a hint in a message.

const distance = (left: string, right: string): number => {
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
};

/** Longer keys are nobody's typing error, and the comparison is quadratic. */
const maxKeyLength = 64;

/** The known key nearest to `key`, or null when none is near. */
export const suggestKey = (key: string, known: readonly string[]): string | null => {
  if (key.length > maxKeyLength) return null;
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(key.length / 3)) + 1;
  for (const candidate of known) {
    const candidateDistance = distance(key.toLowerCase(), candidate.toLowerCase());
    if (candidateDistance >= bestDistance) continue;
    best = candidate;
    bestDistance = candidateDistance;
  }
  return best;
};
