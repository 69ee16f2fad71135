// Which lines of Node get security updates, and until when. Must be looked at with each release of Cloister.

/** Major version → the day after which nobody mends it, after the schedule of nodejs/release (schedule.json). Odd ones are not for production. */
export const nodeEndOfLife: ReadonlyMap<number, string> = new Map([
  [20, '2026-04-30'],
  [22, '2027-04-30'],
  [24, '2028-04-30'],
  [26, '2029-04-30'],
]);
