// The `exports` and `imports` maps of package.json, by Node's rules. Must never return a target that climbs out of its package.

type Conditions = ReadonlySet<string>;
type Resolved = string | null | undefined;

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** As Node: no empty, `.`, `..` or `node_modules` part after the leading `./`. */
const climbs = (target: string): boolean =>
  target
    .slice(2)
    .split(/[/\\]/)
    .some((part) => part === '' || part === '.' || part === '..' || part === 'node_modules');

const decideText = (target: string, star: string | null, bareAllowed: boolean): Resolved => {
  const filled = star === null ? target : target.replaceAll('*', star);
  if (target.startsWith('./')) return climbs(target) || (star !== null && climbs(`./${star}`)) ? null : filled;
  return bareAllowed && !target.startsWith('../') && !target.startsWith('/') ? filled : null;
};

/** undefined: no condition fits, look further. null: shut on purpose or not valid. */
const decideTarget = (target: unknown, star: string | null, conditions: Conditions, bareAllowed: boolean): Resolved => {
  if (typeof target === 'string') return decideText(target, star, bareAllowed);
  if (target === null) return null;
  const options = Array.isArray(target)
    ? target
    : isMap(target)
      ? Object.entries(target)
          .filter(([name]) => name === 'default' || conditions.has(name))
          .map(([, value]) => value)
      : [];
  for (const option of options) {
    const resolved = decideTarget(option, star, conditions, bareAllowed);
    if (resolved === undefined || (resolved === null && Array.isArray(target))) continue;
    return resolved;
  }
  return undefined;
};

interface Match {
  readonly target: unknown;
  readonly star: string | null;
}

/** The key with the longest part before its star wins, and of those the longest. */
const matchKey = (map: Readonly<Record<string, unknown>>, name: string): Match | null => {
  if (Object.hasOwn(map, name) && !name.includes('*')) return { target: map[name], star: null };
  let best: Match | null = null;
  let bestLengths: readonly [number, number] = [-1, -1];
  for (const [key, target] of Object.entries(map)) {
    const [before, after, extra] = key.split('*');
    if (before === undefined || after === undefined || extra !== undefined) continue;
    if (before.length < bestLengths[0] || (before.length === bestLengths[0] && key.length <= bestLengths[1])) continue;
    if (!name.startsWith(before) || !name.endsWith(after) || name.length <= before.length + after.length) continue;
    best = { target, star: name.slice(before.length, name.length - after.length) };
    bestLengths = [before.length, key.length];
  }
  return best;
};

const decide = (map: Readonly<Record<string, unknown>>, name: string, conditions: Conditions, bareAllowed: boolean): string | null => {
  const match = matchKey(map, name);
  return match === null ? null : (decideTarget(match.target, match.star, conditions, bareAllowed) ?? null);
};

/** Target of `.` or `./sub` in an `exports` field, `./`-relative to its package; null: not exported. */
export const decideExport = (exports: unknown, subpath: string, conditions: Conditions): string | null => {
  const isSubpathMap = isMap(exports) && Object.keys(exports).some((key) => key.startsWith('.'));
  return decide(isSubpathMap ? exports : { '.': exports }, subpath, conditions, false);
};

/** Target of `#name` in an `imports` field: `./`-relative, or another package. */
export const decideImport = (imports: unknown, name: string, conditions: Conditions): string | null =>
  isMap(imports) && name !== '#' && !name.startsWith('#/') ? decide(imports, name, conditions, true) : null;
