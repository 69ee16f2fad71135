// Carries events from extensions and the host's own services to the listeners of the same tenant. Must never let a listener's fault reach who emitted, nor an event its own chain again.
import type { Channel, ListenerFact } from '../../sandbox/protocol/kinds.ts';
import { showChain } from '../bridge/call-lease.ts';
import type { Accountability, Caller, Cause } from '../bridge/capability.ts';
import { emitterBounds } from '../capabilities/emitter/bounds.ts';
import type { ListenArgs } from '../capabilities/emitter/contract.ts';
import type { EventBus } from '../capabilities/emitter/host.ts';
import { isCoreName } from '../capabilities/emitter/names.ts';
import type { Answer, Question } from '../dispatch/answer.ts';
import type { Extension } from '../dispatch/extension.ts';
import { CloisterError, type PublicError, RelayedError } from '../errors.ts';
import type { LifeEvent } from '../ledger/entry.ts';
import type { Limits } from '../limits/table.ts';
import type { CarriedActions } from './carried-actions.ts';
import { ListenerFacts, type Target } from './facts.ts';
import { type CarriedOutcome, isRefusal, makeTurn, type TurnOrder, type TurnOutcome } from './turn.ts';

export interface BusServices {
  /** Whether the tenant has the extension. */
  serves(tenant: string, extension: string): boolean;
  /** Whether the tenant's own grants let its listener hear. */
  hears?(tenant: string, target: Target): boolean;
  /** Absent: every tenant has those of the extension. */
  limitsOf?(extension: Extension, tenant: string): Limits;
  dispatch(extension: Extension, tenant: string, accountability: Accountability, question: Question, answer: Answer): Turn;
  onLife(event: LifeEvent, extension: string, tenant: string, subject: string, reason: string): void;
}

/** A lease, to who began it. `home`: the cell it is in; null where it is in none. */
interface Turn {
  readonly home: unknown;
  abandon(): void;
}

/** An event on its way: where it came from, and what stands against its name in a chain. */
interface Emission {
  readonly caller: Caller;
  readonly cause: Cause;
  readonly event: string;
  readonly meta: string;
  /** An operation of the host hangs on it: what a filter checks must not fail open. */
  readonly binding?: true;
}

export class Bus implements EventBus {
  readonly facts: ListenerFacts;
  readonly #services: BusServices;
  /** Characters of events on their way, by tenant. */
  readonly #pending = new Map<string, number>();
  /** null: actions are run by this process, and end with it. */
  carried: CarriedActions | null = null;

  constructor(services: BusServices) {
    this.#services = services;
    this.facts = new ListenerFacts(services.serves, services.hears);
  }

  async emitFilter(caller: Caller, event: string, payload: string, meta: string): Promise<string | null> {
    return this.filter({ caller, cause: this.admit(caller, event), event, meta }, payload);
  }

  emitAction(caller: Caller, event: string, meta: string): Promise<void> | undefined {
    return this.action({ caller, cause: this.admit(caller, event), event, meta });
  }

  async emitInit(caller: Caller, event: string, meta: string): Promise<void> {
    const emission = { caller, cause: this.admit(caller, event), event, meta };
    await this.#holding(emission, meta.length, async () => {
      for (const target of this.#charge(emission, 'init')) await this.#await(emission, target, '');
    });
  }

  listen(caller: Caller, { listener, channel, event }: ListenArgs): void {
    const extension = this.#extensionOf(caller);
    if (channel === 'schedule' || extension.isolation === 'request')
      throw new CloisterError(
        'ERR_CAPABILITY_DENIED',
        channel === 'schedule'
          ? 'emitter.listen: schedules are made while the extension registers'
          : 'emitter.listen: a cell of its own for each request ends with it; listen while the extension registers',
      );
    const fact: ListenerFact = [listener, channel as Channel, event];
    try {
      this.facts.add(extension, caller.tenant, fact, caller.limits?.listeners);
    } catch (error) {
      if (error instanceof CloisterError && error.code === 'ERR_REGISTER_FAILED')
        throw new CloisterError('ERR_ARGUMENT_INVALID', error.message);
      throw error;
    }
  }

  unlisten(caller: Caller, listener: number): void {
    this.facts.remove(this.#extensionOf(caller), caller.tenant, listener);
  }

  /** Puts an event into its caller's chain, or refuses it: a repeat, too deep, too many. `key` is what may not come twice. */
  admit(caller: Caller, key: string): Cause {
    const { chain, tree } = caller.cause;
    // One that registers for the first time is not known yet: its tree has its limits.
    const own = this.facts.extension(caller.extension, caller.version)?.limits;
    const next = [...chain, key];
    const depth = Math.min(tree.mostDepth, own?.eventDepth ?? tree.mostDepth);
    const events = Math.min(tree.mostEvents, own?.eventsPerRequest ?? tree.mostEvents);
    this.refuseRepeat(caller, key);
    if (next.length > depth) throw this.#refuseLoop(caller, next, `the chain is over the limit eventDepth (${depth})`);
    if (tree.events >= events)
      throw this.#refuseLoop(caller, next, `the request and what it caused are over the limit eventsPerRequest (${events})`);
    tree.events += 1;
    return { parent: caller.requestId, chain: next, tree };
  }

  /** For an event nobody hears, which costs nothing else. */
  refuseRepeat(caller: Caller, key: string): void {
    const { chain } = caller.cause;
    if (chain.includes(key)) throw this.#refuseLoop(caller, [...chain, key], `the event ${key} is already in its own chain`);
  }

  /** Runs the listeners one after another. null: nobody changed the payload. */
  async filter(emission: Emission, payload: string): Promise<string | null> {
    const { caller } = emission;
    let current: string | null = null;
    await this.#holding(emission, emission.meta.length + payload.length, async () => {
      for (const target of this.#charge(emission, 'filter')) {
        const outcome = await this.#await(emission, target, current ?? payload);
        if (caller.signal.aborted) throw new CloisterError('ERR_LEASE_OVER', 'The request this call belongs to has ended.');
        if (outcome.kind === 'done') current = this.#checked(target, emission, outcome.text) ?? current;
        else this.#afterFailure(target, emission, outcome.error);
      }
    });
    return current;
  }

  /** Waits for no listener. Those that any host may run are written down; a promise resolves when they are. */
  action(emission: Emission): Promise<void> | undefined {
    const targets = this.#charge(emission, 'action');
    const { carried, own } = this.carried?.split(targets) ?? { carried: [], own: targets };
    if (own.length > 0) this.#start(emission, own);
    if (this.carried === null || carried.length === 0) return undefined;
    const actions = this.carried;
    return this.#holding(emission, emission.meta.length, () => actions.put(emission, carried));
  }

  /** Once the emitter has its answer. */
  #start(emission: Emission, targets: readonly Target[]): void {
    const { caller } = emission;
    const run = async (): Promise<void> => {
      const done = targets.map(
        (target) =>
          new Promise<TurnOutcome>((resolve) => {
            this.#dispatch(this.#order(emission, target, '', Number.POSITIVE_INFINITY, false), resolve);
          }),
      );
      await Promise.all(done);
    };
    void this.#holding(emission, emission.meta.length, () => new Promise<void>((resolve) => setImmediate(() => resolve(run())))).catch(
      (error: unknown) => this.refused(caller, emission.cause, error),
    );
  }

  /** Runs listeners of the host's own events and schedules, on nobody's behalf. */
  run(order: TurnOrder, signal?: AbortSignal): Promise<CarriedOutcome> {
    return new Promise((resolve) => {
      let turn: Turn | null = null;
      const onAbort = (): void => {
        const waited = turn === null || turn.home === null;
        turn?.abandon();
        resolve({ outcome: { kind: 'failed', error: givenAway }, waited });
      };
      // It may be over before anybody could hold it.
      turn = this.#dispatch(order, (outcome) => {
        signal?.removeEventListener('abort', onAbort);
        resolve({ outcome, waited: turn === null || turn.home === null });
      });
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  giveUpStart({ id }: Extension, event: string): void {
    this.#services.onLife('event.dropped', id, '', event, `the listeners of the start took longer than ${emitterBounds.startMs.value} ms`);
  }

  /** Where nobody hears of a refusal, the ledger does. A loop is there already. */
  refused({ extension, tenant }: Caller, { chain }: Pick<Cause, 'chain'>, error: unknown): void {
    if (error instanceof CloisterError && error.code === 'ERR_EVENT_LOOP') return;
    this.#services.onLife('event.refused', extension, tenant, showChain(chain), error instanceof Error ? error.message : 'unknown cause');
  }

  /** Who hears it. Each turn counts in the tree: one event to many listeners that each emit must not multiply for ever. */
  #charge({ caller, cause: { chain, tree }, event }: Emission, channel: Channel): readonly Target[] {
    const targets = this.facts.targets(caller.tenant, channel, event);
    if (tree.turns + targets.length > tree.mostTurns)
      throw this.#refuseLoop(caller, chain, `the request and what it caused are over the limit listenersPerRequest (${tree.mostTurns})`);
    tree.turns += targets.length;
    return targets;
  }

  limitsOf(extension: Extension, tenant: string): Limits {
    return this.#services.limitsOf?.(extension, tenant) ?? extension.limits;
  }

  #extensionOf({ extension, version }: Caller): Extension {
    const found = this.facts.extension(extension, version);
    if (found === undefined) throw new CloisterError('ERR_EXTENSION_UNAVAILABLE', 'The extension has not registered yet.');
    return found;
  }

  /** The whole chain is on the ledger, whoever hears of the error: a listener's lease is often over before its action is refused. */
  #refuseLoop({ extension, tenant }: Caller, chain: readonly string[], cause: string): CloisterError {
    this.#services.onLife('event.refused', extension, tenant, showChain(chain), cause);
    return new CloisterError('ERR_EVENT_LOOP', `${showChain(chain)}: ${cause}`, { chain });
  }

  /** Its events may not fill the host's memory while they wait. */
  async #holding(emission: Emission, chars: number, work: () => Promise<void>): Promise<void> {
    const { tenant } = emission.caller;
    const most = emitterBounds.pendingChars.value;
    const held = this.#pending.get(tenant) ?? 0;
    if (held + chars > most)
      throw new CloisterError('ERR_CAPACITY_EXCEEDED', 'Too many events of this tenant wait for their listeners.', {
        limit: 'pendingChars',
      });
    this.#pending.set(tenant, held + chars);
    try {
      await work();
    } finally {
      const left = (this.#pending.get(tenant) ?? 0) - chars;
      if (left > 0) this.#pending.set(tenant, left);
      else this.#pending.delete(tenant);
    }
  }

  #order({ caller, cause, event, meta }: Emission, target: Target, payload: string, wallMs: number, awaited: boolean): TurnOrder {
    return { target, tenant: caller.tenant, accountability: caller.accountability, event, meta, payload, cause, wallMs, awaited };
  }

  /** Its own lease, and never longer than a part of what the emitter has left: one that hangs must not take its emitter with it. */
  #await(emission: Emission, target: Target, payload: string): Promise<TurnOutcome> {
    const { caller } = emission;
    const { signal } = caller;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve({ kind: 'failed', error: emitterGone });
      const lease = this.#dispatch(
        this.#order(emission, target, payload, (caller.remainingMs() * emitterBounds.awaitedPercent.value) / 100, true),
        (outcome) => {
          signal.removeEventListener('abort', onAbort);
          resolve(outcome);
        },
      );
      function onAbort(): void {
        lease.abandon();
        resolve({ kind: 'failed', error: emitterGone });
      }
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #dispatch(order: TurnOrder, settle: (outcome: TurnOutcome) => void): Turn {
    const { question, answer } = makeTurn(order, settle);
    return this.#services.dispatch(order.target.extension, order.tenant, order.accountability, question, answer);
  }

  /** What a listener gave is its ward's word until it has been read. null: nothing, or nothing that can be passed on. */
  #checked({ extension }: Target, { caller, event, binding }: Emission, text: string): string | null {
    if (text === '') return null;
    const emitter = this.facts.extension(caller.extension, caller.version) ?? extension;
    const { tenant } = caller;
    const most = Math.min(this.limitsOf(extension, tenant).eventBytes, (caller.limits ?? this.limitsOf(emitter, tenant)).eventBytes);
    const fault = text.length > most ? `its result is over the limit eventBytes (${most})` : isJson(text) ? null : 'its result is not JSON';
    if (fault === null) return text;
    this.#services.onLife('event.dropped', extension.id, caller.tenant, event, fault);
    if (binding) throw filterFailed(event, extension, fault);
    return null;
  }

  /** A refusal in a listener's own words reaches who emitted. A breakdown does not, unless an operation of the host hangs on it: what checks it must not fail open. */
  #afterFailure({ extension }: Target, { event, binding }: Emission, error: PublicError): void {
    if (isRefusal(error)) throw new RelayedError(error.code, error.status, error.message, error.details);
    if (binding || isCoreName(event)) throw filterFailed(event, extension, error.code);
  }
}

const filterFailed = (event: string, { id }: Extension, cause: string): CloisterError =>
  new CloisterError('ERR_CALL_FAILED', `The filter ${event} of the extension ${id} failed (${cause}), so what it checks is not done.`);

const givenAway = new CloisterError('ERR_RUNTIME_CLOSED', 'The job was given to another host, or took too long.');
const emitterGone = new CloisterError('ERR_LEASE_OVER', 'The request that emitted has ended.');

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};
