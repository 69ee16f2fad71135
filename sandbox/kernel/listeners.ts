// The listeners of this cell: what for, and what to call. Must never be taken for what the host believes: it keeps its own list, and asks the grant.
import type { Channel, KernelLimits, ListenerFact } from '../protocol/kinds.ts';
import { mapDelete, mapForEach, mapGet, mapSet, mapSize, NativeError, push, toText } from './intrinsics.ts';

export type Handler = (...args: readonly unknown[]) => unknown;

interface Listener {
  readonly channel: Channel;
  readonly event: string;
  readonly handler: Handler;
}

export interface ListenerChanges {
  onAdded(fact: ListenerFact): void;
  onRemoved(id: number): void;
}

export interface Listeners {
  add(channel: Channel, event: unknown, handler: unknown): void;
  /** Removes what was added with the same channel, event and function. */
  remove(channel: Channel, event: unknown, handler: unknown): void;
  removeAll(): void;
  /** How many of the channel whose event `matches`. */
  count(channel: Channel, matches: (event: string) => boolean): number;
  /** The host has refused it: it hears nothing. Not told. */
  discard(id: number): void;
  /** null: it is gone, or another has its number since the cell slept. */
  find(id: number, channel: Channel, event: string): Handler | null;
  /** Everything so far. From now on each change is told. */
  finishRegistration(changes: ListenerChanges): readonly ListenerFact[];
}

export const makeListeners = (limits: () => KernelLimits): Listeners => {
  const listeners = new Map<number, Listener>();
  let lastId = 0;
  let changes: ListenerChanges | null = null;

  const matching = (matches: (listener: Listener) => boolean): readonly number[] => {
    const found: number[] = [];
    mapForEach(listeners, (listener, id) => {
      if (matches(listener)) push(found, id);
    });
    return found;
  };
  const drop = (ids: readonly number[]): void => {
    for (let index = 0; index < ids.length; index += 1) {
      const id = ids[index] as number;
      mapDelete(listeners, id);
      changes?.onRemoved(id);
    }
  };

  return {
    add: (channel, event, handler) => {
      if (typeof event !== 'string') throw new NativeError(`${channel}: the event is not a string`);
      if (typeof handler !== 'function') throw new NativeError(`${channel} ${toText(event)}: the handler is not a function`);
      if (mapSize(listeners) >= limits().listeners) throw new NativeError(`more than ${limits().listeners} listeners (limit listeners)`);
      lastId += 1;
      mapSet(listeners, lastId, { channel, event, handler: handler as Handler });
      changes?.onAdded([lastId, channel, event]);
    },
    remove: (channel, event, handler) => drop(matching((one) => one.channel === channel && one.event === event && one.handler === handler)),
    removeAll: () => drop(matching((one) => one.channel !== 'schedule')),
    count: (channel, matches) => matching((one) => one.channel === channel && matches(one.event)).length,
    discard: (id) => {
      mapDelete(listeners, id);
    },
    find: (id, channel, event) => {
      const listener = mapGet(listeners, id);
      return listener === undefined || listener.channel !== channel || listener.event !== event ? null : listener.handler;
    },
    finishRegistration: (told) => {
      changes = told;
      const facts: ListenerFact[] = [];
      mapForEach(listeners, ({ channel, event }, id) => {
        push(facts, [id, channel, event]);
      });
      return facts;
    },
  };
};
