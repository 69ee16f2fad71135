// The host's own events, as its services fire them on behalf of a request. Must never let a listener fail an operation by breaking down unseen.
import type { HostEvents } from '../bridge/host-events.ts';
import { isItemsEvent } from '../capabilities/emitter/names.ts';
import type { Bus } from './bus.ts';

/** `items.create` and `orders.items.create` are one event by two names: in a chain it stands as the second, so that a listener for all collections may touch another one. */
const keyOf = (event: string, meta: Readonly<Record<string, unknown>>): string => {
  const { collection } = meta;
  return typeof collection === 'string' && isItemsEvent(event) ? [collection, ...event.split('.').slice(-2)].join('.') : event;
};

export const makeHostEvents = (bus: Bus): HostEvents => ({
  async filter(caller, event, payload, meta) {
    const key = keyOf(event, meta);
    bus.refuseRepeat(caller, key);
    if (bus.facts.targets(caller.tenant, 'filter', event).length === 0) return payload;
    const emission = { caller, cause: bus.admit(caller, key), event, meta: JSON.stringify(meta) };
    const changed = await bus.filter(emission, JSON.stringify(payload) ?? '');
    return changed === null ? payload : (JSON.parse(changed) as unknown);
  },
  action(caller, event, meta) {
    if (bus.facts.targets(caller.tenant, 'action', event).length === 0) return;
    const key = keyOf(event, meta);
    try {
      bus.action({ caller, cause: bus.admit(caller, key), event, meta: JSON.stringify(meta) });
    } catch (error) {
      bus.refused(caller, { chain: [...caller.cause.chain, key] }, error);
    }
  },
});
