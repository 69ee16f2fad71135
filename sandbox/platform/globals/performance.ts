// performance.now and timeOrigin in whole milliseconds. Must never be fine enough to time a neighbour.
import { hooks } from '../hooks.ts';

let origin: number | undefined;

/** From the first look at the clock: a snapshot is built long before the cell that boots from it. */
const started = (): number => (origin ??= Math.floor(hooks().now()));

export const uptimeMs = (): number => {
  const from = started();
  return Math.floor(hooks().now()) - from;
};

export const performance = {
  now: uptimeMs,
  get timeOrigin(): number {
    return started();
  },
  mark: (): void => {},
  measure: (): void => {},
  clearMarks: (): void => {},
  clearMeasures: (): void => {},
  getEntries: (): readonly unknown[] => [],
  getEntriesByName: (): readonly unknown[] => [],
  getEntriesByType: (): readonly unknown[] => [],
  toJSON: (): object => ({ timeOrigin: started() }),
};
