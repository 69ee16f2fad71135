// Events, schedules and the queue that carries both to whichever host has room, put together. Must never run a job of an extension that is not here.
import type { DatabaseResource } from '../capabilities/database/resource.ts';
import type { Extension } from '../dispatch/extension.ts';
import { type JobsSetting, openJobs } from '../jobs/open-jobs.ts';
import type { JobQueue, Worker } from '../jobs/queue.ts';
import type { LifeEvent } from '../ledger/entry.ts';
import { Bus, type BusServices } from './bus.ts';
import { CarriedActions } from './carried-actions.ts';
import { Schedules } from './schedules.ts';
import { runInits, runSchedule } from './start.ts';

export interface TurnsOptions extends BusServices {
  /** null: the operator said nothing. */
  readonly setting: JobsSetting | null;
  readonly database: DatabaseResource | undefined;
  /** For whom the start's events and, where nobody says which tenants there are, schedules run. */
  readonly tenant: string;
  readonly tenants: (() => Promise<readonly string[]>) | null;
  resolveTenant(tenant: string): Promise<unknown>;
  onLife(event: LifeEvent, extension: string, tenant: string, subject: string, reason: string): void;
  onStoreFailure(error: unknown): void;
}

export interface Turns {
  readonly bus: Bus;
  readonly schedules: Schedules;
  readonly jobs: JobQueue;
  /** It hears events from now on, and its schedules run; where the host has started, it hears that too. */
  begin(extension: Extension): void;
  end(extension: Extension): void;
  /** Tells who is here of the start. */
  start(): Promise<void>;
  /** No job begins any more. */
  stop(): void;
}

export const openTurns = ({ setting, database, tenant, tenants, resolveTenant, onStoreFailure, ...services }: TurnsOptions): Turns => {
  const { onLife, serves, hears } = services;
  const bus = new Bus(services);
  const jobs = openJobs(setting, database, {
    onFate: (fate, { id, extension, tenant: whose }, reason) => onLife(`job.${fate}`, extension, whose, id, reason),
    onFailure: onStoreFailure,
  });
  const schedules = new Schedules({
    scope: jobs.scope,
    tenant,
    tenants,
    async isFor(whose, target) {
      await resolveTenant(whose);
      return serves(whose, target.extension.id) && (hears?.(whose, target) ?? true);
    },
    put: (due) => jobs.put(due),
    run: (target, whose, requestId, signal) => runSchedule(bus, whose, target, requestId, signal),
    onLife,
  });
  const carried =
    jobs.scope === 'process'
      ? null
      : new CarriedActions({
          facts: bus.facts,
          put: (all, spend) => jobs.put(all, spend),
          resolve: resolveTenant,
          serves,
          run: (order, signal) => bus.run(order, signal),
          onLife,
        });
  bus.carried = carried;
  const worker: Worker = {
    extensions: () => bus.facts.workers(),
    run: (claimed, signal) =>
      claimed.job.kind === 'schedule'
        ? schedules.run(claimed, signal)
        : (carried?.run(claimed, signal) ?? Promise.resolve({ kind: 'dead', reason: 'this host runs its actions by itself' })),
  };
  const here = new Set<Extension>();
  let started = false;
  return {
    bus,
    schedules,
    jobs,
    begin(extension) {
      bus.facts.activate(extension);
      schedules.add(extension, bus.facts.schedules(extension));
      // A host whose extensions have nothing to run needs no tables and no connection.
      if (bus.facts.workers().length > 0) jobs.consume(worker);
      jobs.wake();
      if (started)
        runInits(bus, tenant, (one) => one === extension).catch((error: unknown) =>
          onLife('event.dropped', extension.id, tenant, 'init', String(error)),
        );
      else here.add(extension);
    },
    end(extension) {
      here.delete(extension);
      bus.facts.forget(extension);
      schedules.remove(extension);
    },
    async start() {
      started = true;
      await runInits(bus, tenant, (one) => here.has(one));
    },
    stop() {
      schedules.stop();
      jobs.stop();
    },
  };
};
