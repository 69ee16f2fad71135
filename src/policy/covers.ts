// Whether one part of a grant holds all of another: for lists. Pure; must never know a capability.

/** Every name of `narrow` is in `wide`. */
export const coversNames = (wide: readonly string[], narrow: readonly string[]): boolean => {
  const names = new Set(wide);
  return narrow.every((name) => names.has(name));
};

/** The same for lists that restrict nothing where they are absent. */
export const coversList = (wide: readonly string[] | undefined, narrow: readonly string[] | undefined): boolean =>
  wide === undefined || (narrow !== undefined && coversNames(wide, narrow));
