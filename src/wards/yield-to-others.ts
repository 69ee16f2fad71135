// Lets the rest of the machine go first where a ward holds a suspect alone. Must never be done to a ward that others will use: who is not root cannot take it back.
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';

/** Ten in a hundred of what another process gets, where there is not enough for all. */
const niceness = 10;

/** On Linux each thread has its own; those to come take it from the one that starts them. */
const threadsOf = (pid: number): readonly number[] =>
  process.platform === 'linux' ? readdirSync(`/proc/${String(pid)}/task`).map(Number) : [pid];

export const yieldToOthers = (pid: number): void => {
  try {
    for (const thread of threadsOf(pid)) setPriority(thread, niceness);
  } catch {
    // It has ended already, or the platform does not let us: its limits stand all the same.
  }
};
