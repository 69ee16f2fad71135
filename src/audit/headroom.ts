// How much above what was seen a suggested limit stands. Must never be below a limit's floor, nor above what holds today.
import { type LimitName, limitTable } from '../limits/table.ts';

interface HeadRoom {
  readonly factor: number;
  /** At least so much above the p99.9, where a factor of little is nothing. */
  readonly least: number;
}

/** Limits that the ledger says enough of. Times get the most room: they tell of the machine as much as of the extension. */
const headRooms: ReadonlyMap<LimitName, HeadRoom> = new Map([
  ['cpuMs', { factor: 3, least: 20 }],
  ['wallMs', { factor: 4, least: 500 }],
  ['hostCalls', { factor: 2, least: 5 }],
  ['resultBytes', { factor: 2, least: 16_384 }],
  ['bodyInBytes', { factor: 2, least: 4_096 }],
  ['bodyOutBytes', { factor: 2, least: 16_384 }],
  ['logLines', { factor: 2, least: 5 }],
  ['logBytes', { factor: 2, least: 2_048 }],
]);

/** Two digits and zeros: nobody should think that more of them mean something. */
const roundUp = (value: number): number => {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1);
  return Math.ceil(value / step) * step;
};

/** undefined: what holds today is not more than what it needs. */
export const suggestLimit = (name: LimitName, p999: number, today: number): number | undefined => {
  const room = headRooms.get(name);
  if (room === undefined) return undefined;
  const wanted = Math.max(limitTable[name].floor, roundUp(Math.max(p999 * room.factor, p999 + room.least)));
  return wanted < today ? wanted : undefined;
};
