// Carries what extensions emit to listeners of the embedder's own code as well, after those of extensions. Must never give them a right that the emitter's request has not, nor an extension what they throw beyond what is made to be told.
import type { Caller } from '../bridge/capability.ts';
import type { OwnListenerOrigin, OwnListeners } from '../bridge/own-listeners.ts';
import { withinLease } from '../bridge/within-lease.ts';
import type { EventBus } from '../capabilities/emitter/host.ts';
import { accountabilityOf } from '../capabilities/services/accountability.ts';
import { toBoundedJson } from '../capabilities/services/bounded-json.ts';
import { toTellable } from '../capabilities/services/service-error.ts';
import { CloisterError, RelayedError } from '../errors.ts';
import type { Bus } from './bus.ts';
import type { CausedHostEvents } from './host-events.ts';

interface Parts {
  readonly bus: Bus;
  readonly events: CausedHostEvents;
  readonly listeners: OwnListeners;
  onFault(error: unknown, event: string): void;
}

const parse = (text: string): unknown => JSON.parse(text);

export const withOwnListeners = ({ bus, events, listeners, onFault }: Parts): EventBus => {
  /** As a listener of an extension would stand: the event is in its chain. */
  const causedBy = (caller: Caller, event: string): Caller => ({
    extension: caller.extension,
    version: caller.version,
    tenant: caller.tenant,
    requestId: caller.requestId,
    accountability: caller.accountability,
    cause: { parent: caller.requestId, chain: [...caller.cause.chain, event], tree: caller.cause.tree },
    signal: caller.signal,
    remainingMs: () => caller.remainingMs(),
  });
  const originOf = (caller: Caller): OwnListenerOrigin => ({
    extension: caller.extension,
    tenant: caller.tenant,
    accountability: accountabilityOf(caller, []),
    signal: caller.signal,
  });
  return {
    listen: (caller, listener) => bus.listen(caller, listener),
    unlisten: (caller, listener) => bus.unlisten(caller, listener),
    emitInit: (caller, event, meta) => bus.emitInit(caller, event, meta),
    async emitFilter(caller, event, payload, meta) {
      const changed = await bus.emitFilter(caller, event, payload, meta);
      const given = parse(changed ?? (payload === '' ? 'null' : payload));
      const most = (caller.limits ?? bus.facts.extension(caller.extension)?.limits)?.eventBytes ?? 0;
      try {
        const left = await withinLease(caller, () =>
          events.within(causedBy(caller, event), async () =>
            listeners.filter(event, given, parse(meta) as Readonly<Record<string, unknown>>, originOf(caller)),
          ),
        );
        return left === undefined || left === given ? changed : toBoundedJson(left, most);
      } catch (error) {
        if (error instanceof CloisterError && error.code === 'ERR_LEASE_OVER') throw error;
        const told = toTellable(error, event, new WeakSet());
        if (told instanceof RelayedError) throw told;
        onFault(error, event);
        throw new CloisterError('ERR_CALL_FAILED', `A listener of the host's own failed on ${event}.`);
      }
    },
    emitAction(caller, event, meta) {
      const written = bus.emitAction(caller, event, meta);
      // Once the emitter has its answer, as listeners of extensions.
      const tell = (): void => {
        setImmediate(() => {
          events
            .within(causedBy(caller, event), async () =>
              listeners.action(event, parse(meta) as Readonly<Record<string, unknown>>, originOf(caller)),
            )
            .catch((error: unknown) => onFault(error, event));
        });
      };
      if (written !== undefined) return written.then(tell);
      tell();
      return undefined;
    },
  };
};
