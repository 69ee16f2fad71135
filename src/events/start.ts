// The events of a start, for hooks' init(), and the turns of schedules: both run on nobody's behalf. Must never keep a host from starting.
import { beginTree } from '../bridge/call-lease.ts';
import type { Cause } from '../bridge/capability.ts';
import { emitterBounds } from '../capabilities/emitter/bounds.ts';
import type { Extension } from '../dispatch/extension.ts';
import type { Bus } from './bus.ts';
import type { Target } from './facts.ts';
import type { CarriedOutcome, TurnOrder } from './turn.ts';

/** In the order in which a Directus host passes them. */
export const startEvents = [
  'app.before',
  'middlewares.before',
  'middlewares.after',
  'routes.before',
  'routes.custom.before',
  'routes.custom.after',
  'routes.after',
  'app.after',
] as const;

const beginCause = ({ limits }: Extension, parent: string, chain: readonly string[]): Cause => ({ parent, chain, tree: beginTree(limits) });

const orderFor = (tenant: string, target: Target, event: string, cause: Cause, wallMs: number): TurnOrder => ({
  target,
  tenant,
  accountability: null,
  event,
  meta: '{}',
  payload: '',
  cause,
  wallMs,
  awaited: true,
});

/** Those of some extensions, one after another, each within its own limits and all within startMs. */
export const runInits = async (bus: Bus, tenant: string, isOf: (extension: Extension) => boolean): Promise<void> => {
  const until = performance.now() + emitterBounds.startMs.value;
  for (const event of startEvents) {
    for (const target of bus.facts.targets(tenant, 'init', event).filter(({ extension }) => isOf(extension))) {
      const leftMs = until - performance.now();
      if (leftMs <= 0) return bus.giveUpStart(target.extension, event);
      await bus.run(orderFor(tenant, target, event, beginCause(target.extension, 'init', [event]), leftMs));
    }
  }
};

export const runSchedule = (bus: Bus, tenant: string, target: Target, requestId: string, signal: AbortSignal): Promise<CarriedOutcome> => {
  const cause = beginCause(target.extension, 'schedule', []);
  return bus.run({ ...orderFor(tenant, target, target.listener.event, cause, Number.POSITIVE_INFINITY), requestId }, signal);
};
