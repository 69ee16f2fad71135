// Timers of the guest. The ward keeps one alarm for the cell, the kernel all the rest. Must never run a callback of one lease in an entry charged to another.
import { fromGuest, type KernelLimits } from '../protocol/kinds.ts';
import { dateNow, mapDelete, mapForEach, mapGet, mapSet, mapSize, NativeError, nativeThen, reflectApply, resolved } from './intrinsics.ts';
import { post } from './pipe.ts';
import { currentZone, runInZone, type Zone } from './zone.ts';

interface Timer {
  at: number;
  readonly repeatMs: number | null;
  readonly zone: Zone;
  readonly run: () => void;
}

export interface Timers {
  set(run: () => void, delayMs: number, repeat: boolean): number;
  clear(id: number): void;
  /** The alarm of a lease rang: runs what is due of it, then sets the next alarm. */
  fire(lease: number): void;
}

export const makeTimers = (limits: () => KernelLimits, onUncaught: (error: unknown) => void): Timers => {
  const timers = new Map<number, Timer>();
  let lastId = 0;
  let armedAt = 0;
  let armedLease = -1;
  let arming = false;

  const arm = (): void => {
    arming = false;
    let next: Timer | null = null;
    mapForEach(timers, (timer) => {
      if (next === null || timer.at < next.at) next = timer;
    });
    const earliest = next as Timer | null;
    const at = earliest === null ? 0 : earliest.at;
    const lease = earliest === null ? -1 : earliest.zone.lease.id;
    if (at === armedAt && lease === armedLease) return;
    armedAt = at;
    armedLease = lease;
    post(fromGuest.arm, lease < 0 ? 0 : lease, earliest === null ? -1 : Math.max(0, at - dateNow()), '', null);
  };

  /** One alarm a turn however many timers the guest sets: setting timers must not flood the pipe. */
  const armSoon = (): void => {
    if (arming) return;
    arming = true;
    reflectApply(nativeThen, resolved(), [arm]);
  };

  return {
    set: (run, delayMs, repeat) => {
      if (mapSize(timers) >= limits().timers) throw new NativeError(`more than ${limits().timers} timers at once (limit timers)`);
      const wait = delayMs >= 1 && delayMs <= 0x7fffffff ? delayMs : 1;
      lastId += 1;
      mapSet(timers, lastId, { at: dateNow() + wait, repeatMs: repeat ? wait : null, zone: currentZone(), run });
      armSoon();
      return lastId;
    },
    clear: (id) => {
      if (mapDelete(timers, id)) armSoon();
    },
    fire: (lease) => {
      armedLease = -1;
      const now = dateNow();
      const due: number[] = [];
      mapForEach(timers, (timer, id) => {
        if (timer.at <= now && timer.zone.lease.id === lease) due[due.length] = id;
      });
      // First set the next alarm: a callback that throws or never ends must not stop the others.
      armSoon();
      for (let index = 0; index < due.length; index += 1) {
        const id = due[index] as number;
        const timer = mapGet(timers, id);
        if (timer === undefined) continue;
        if (timer.repeatMs === null) mapDelete(timers, id);
        else timer.at = now + timer.repeatMs;
        reflectApply(nativeThen, reflectApply(nativeThen, resolved(), [() => runInZone(timer.zone, timer.run)]), [undefined, onUncaught]);
      }
    },
  };
};
