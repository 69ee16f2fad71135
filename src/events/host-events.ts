// The host's own events, as its services fire them on behalf of a request. Must never let a listener fail an operation by breaking down unseen.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Caller } from '../bridge/capability.ts';
import type { HostEventNames, HostEvents } from '../bridge/host-events.ts';
import { isItemsEvent } from '../capabilities/emitter/names.ts';
import type { Bus } from './bus.ts';

type Meta = Readonly<Record<string, unknown>>;

const namesOf = (events: HostEventNames): readonly [string, ...string[]] => (typeof events === 'string' ? [events] : events);

/** `items.create` and `orders.items.create` are one event by two names: in a chain it stands as the second, so that a listener for all collections may touch another one. */
const keyOf = ([event]: readonly [string, ...string[]], { collection }: Meta): string =>
  typeof collection === 'string' && isItemsEvent(event) ? [collection, ...event.split('.').slice(-2)].join('.') : event;

export interface CausedHostEvents extends HostEvents {
  /** On whose behalf the host works here, where it does on anybody's. */
  current(): Caller | undefined;
}

export const makeHostEvents = (bus: Bus): CausedHostEvents => {
  const callers = new AsyncLocalStorage<Caller>();
  const heardOf = ({ tenant }: Caller, channel: 'filter' | 'action', events: HostEventNames): readonly string[] =>
    namesOf(events).filter((event) => bus.facts.targets(tenant, channel, event).length > 0);
  return {
    current: () => callers.getStore(),
    within: (caller, run) => callers.run(caller, run),
    heard: (caller, channel, events) => heardOf(caller, channel, events).length > 0,
    async filter(caller, events, payload, meta) {
      const key = keyOf(namesOf(events), meta);
      bus.refuseRepeat(caller, key);
      const heard = heardOf(caller, 'filter', events);
      if (heard.length === 0) return payload;
      const cause = bus.admit(caller, key);
      const metaText = JSON.stringify(meta);
      let changed: string | null = null;
      for (const event of heard)
        changed =
          (await bus.filter({ caller, cause, event, meta: metaText, binding: true }, changed ?? JSON.stringify(payload) ?? '')) ?? changed;
      return changed === null ? payload : (JSON.parse(changed) as unknown);
    },
    action(caller, events, meta) {
      const heard = heardOf(caller, 'action', events);
      if (heard.length === 0) return;
      const key = keyOf(namesOf(events), meta);
      try {
        const cause = bus.admit(caller, key);
        const metaText = JSON.stringify(meta);
        for (const event of heard)
          bus.action({ caller, cause, event, meta: metaText })?.catch((error: unknown) => bus.refused(caller, cause, error));
      } catch (error) {
        bus.refused(caller, { chain: [...caller.cause.chain, key] }, error);
      }
    },
  };
};
