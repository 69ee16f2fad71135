// Patterns of event names, with wildcards as eventemitter2 has them: `*` one part, `**` any number of them. Must never make a RegExp of one, nor look one up as a property.

export type EventPattern = readonly string[];

export const parsePattern = (text: string): EventPattern => canonical(text.split('.'));

/** In a run of wildcards the single ones come first and one `**` stands for all: patterns that mean the same read the same. */
const canonical = (parts: readonly string[]): EventPattern => {
  const pattern: string[] = [];
  let deep = false;
  for (const part of parts) {
    if (part === '**') {
      deep = true;
      continue;
    }
    if (deep && part !== '*') {
      pattern.push('**');
      deep = false;
    }
    pattern.push(part);
  }
  if (deep) pattern.push('**');
  return pattern;
};

/** Whether every name that `inner` matches is matched by `outer`. A name is a pattern without wildcards. Work grows with the product of their lengths. */
export const covers = (outer: EventPattern, inner: EventPattern): boolean => {
  // reachable[i]: the first i parts of outer can stand for what of inner was looked at.
  let reachable = outer.map(() => false);
  reachable.push(false);
  reachable[0] = true;
  const skipDeep = (row: boolean[]): void => {
    for (let index = 0; index < outer.length; index += 1) if (row[index] === true && outer[index] === '**') row[index + 1] = true;
  };
  skipDeep(reachable);
  for (const part of inner) {
    const next = reachable.map(() => false);
    for (let index = 0; index < outer.length; index += 1) {
      if (reachable[index] !== true) continue;
      const own = outer[index];
      if (own === '**') next[index] = true;
      else if (part !== '**' && (own === '*' || own === part)) next[index + 1] = true;
    }
    skipDeep(next);
    reachable = next;
  }
  return reachable[outer.length] === true;
};
