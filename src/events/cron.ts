// Cron patterns: when is next. Must never hold a timer.
import { Cron } from 'croner';
import { emitterBounds } from '../capabilities/emitter/bounds.ts';
import { CloisterError } from '../errors.ts';

export interface CronPattern {
  /** The first time after `after`; null: never. */
  next(after: Date): Date | null;
}

/** Throws ERR_REGISTER_FAILED for what is no pattern of five or six parts (the six-part form begins with seconds). */
export const parseCron = (text: string): CronPattern => {
  const refuse = (cause: string): never => {
    throw new CloisterError('ERR_REGISTER_FAILED', `schedule ${JSON.stringify(text.slice(0, emitterBounds.cronChars.value))}: ${cause}`);
  };
  if (text.length > emitterBounds.cronChars.value) return refuse(`is longer than ${emitterBounds.cronChars.value} characters`);
  let cron: Cron;
  try {
    cron = new Cron(text, { paused: true, sloppyRanges: false });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : 'is no cron pattern');
  }
  if (cron.nextRun() === null) return refuse('has no run in the future');
  return { next: (after) => cron.nextRun(after) };
};
