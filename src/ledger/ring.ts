// The latest lines in memory. Must never hold more than its size, nor the objects they were made from.

export interface Ring {
  push(line: string): void;
  /** Oldest first. */
  list(): readonly string[];
}

export const makeRing = (size: number): Ring => {
  const lines: string[] = [];
  let next = 0;
  return {
    push(line) {
      if (size === 0) return;
      lines[next] = line;
      next = (next + 1) % size;
    },
    list: () => [...lines.slice(next), ...lines.slice(0, next)],
  };
};
