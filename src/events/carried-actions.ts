// Actions as jobs that any host may run: written down for each listener before the emitter is answered. Must never let a guest write its own chain, nor run what another tenant's event asked for.
import { createHash, randomUUID } from 'node:crypto';
import { Ajv, type ValidateFunction } from 'ajv';
import { type Static, Type } from '#typebox';
import type { Caller, CausalTree, Cause } from '../bridge/capability.ts';
import { CloisterError } from '../errors.ts';
import type { Claimed, Job, Put, Spend, Verdict } from '../jobs/job.ts';
import type { LifeEvent } from '../ledger/entry.ts';
import { decideVerdict } from './decide-verdict.ts';
import type { ListenerFacts, Target } from './facts.ts';
import type { CarriedOutcome, TurnOrder } from './turn.ts';

const count = Type.Integer({ minimum: 0 });
const text = Type.String({ maxLength: 1_000 });
const bodySchema = Type.Object(
  {
    version: Type.Literal(1),
    event: text,
    /** JSON text of an object. */
    meta: Type.String(),
    accountability: Type.Union([Type.Null(), Type.Record(Type.String(), Type.Unknown())]),
    /** Which of the extension's listeners for the event, as they registered. */
    nth: count,
    parent: text,
    chain: Type.Array(text, { maxItems: 100 }),
    tree: Type.Object({ id: text, events: count, turns: count, mostEvents: count, mostTurns: count, mostDepth: count }),
  },
  { additionalProperties: false },
);
type Body = Static<typeof bodySchema>;

export interface CarriedServices {
  readonly facts: ListenerFacts;
  put(jobs: readonly Job[], spend: Spend | null): Promise<Put>;
  /** Finds out what the tenant has, where nobody asked yet. */
  resolve(tenant: string): Promise<unknown>;
  serves(tenant: string, extension: string): boolean;
  run(order: TurnOrder, signal: AbortSignal): Promise<CarriedOutcome>;
  onLife(event: LifeEvent, extension: string, tenant: string, subject: string, reason: string): void;
}

interface Emission {
  readonly caller: Caller;
  readonly cause: Cause;
  readonly event: string;
  readonly meta: string;
}

const isObjectText = (meta: string): boolean => {
  try {
    return meta.startsWith('{') && JSON.parse(meta) !== null;
  } catch {
    return false;
  }
};

export const jobIdOf = (...parts: readonly unknown[]): string =>
  `job-${createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22)}`;

/** What this host has counted and the others do not know of yet. */
const untold = ({ events, turns, shared }: CausalTree): { readonly events: number; readonly turns: number } => ({
  events: events - (shared?.events ?? 0),
  turns: turns - (shared?.turns ?? 0),
});

export class CarriedActions {
  readonly #services: CarriedServices;
  /** Compiled for the first that comes: a runtime that carries nothing would pay more for it than for the rest of its start. */
  #fits: ValidateFunction<Body> | undefined;
  /** Actions of each tree so far: a job that is run again gives its events the ids they had. */
  readonly #emitted = new WeakMap<CausalTree, number>();

  constructor(services: CarriedServices) {
    this.#services = services;
  }

  /** Listeners that registered are known to every host; one that was added since lives in one cell of this one. */
  split(targets: readonly Target[]): { readonly carried: readonly Target[]; readonly own: readonly Target[] } {
    const { facts } = this.#services;
    const carried = targets.filter((target) => facts.isStanding(target));
    return { carried, own: targets.filter((target) => !carried.includes(target)) };
  }

  /** Resolves once every listener's job is written down, all or none. */
  async put({ caller, cause, event, meta }: Emission, targets: readonly Target[]): Promise<void> {
    const { facts } = this.#services;
    const { tenant, accountability, requestId } = caller;
    if (!tenant.isWellFormed() || tenant.includes('\0'))
      throw new CloisterError('ERR_ARGUMENT_INVALID', 'The tenant’s name is no text that can be written down.');
    const { chain, tree } = cause;
    const before = this.#emitted.get(tree) ?? 0;
    this.#emitted.set(tree, before + 1);
    // What the embedder's own code fires is nobody's request.
    tree.shared ??= { id: caller.extension === '' ? randomUUID() : requestId, events: 0, turns: 0 };
    const { shared } = tree;
    const { events, turns, mostEvents, mostTurns, mostDepth } = tree;
    const jobs = targets.map(({ extension, listener }): Job => {
      const nth = facts.standing(extension, event).indexOf(listener.id);
      const body: Body = {
        version: 1,
        event,
        meta,
        accountability,
        nth,
        parent: cause.parent,
        chain: [...chain],
        tree: { id: shared.id, events, turns, mostEvents, mostTurns, mostDepth },
      };
      const id = jobIdOf(requestId, shared.id, before, event, extension.id, nth, meta);
      return { id, kind: 'action', tenant, extension: extension.id, what: event, lane: null, body: JSON.stringify(body) };
    });
    const spend = { tree: shared.id, ...untold(tree), mostEvents, mostTurns };
    // Told, until it turns out that it could not be: another emission of the same tree must not tell it too.
    shared.events += spend.events;
    shared.turns += spend.turns;
    try {
      const { counted } = await this.#services.put(jobs, spend);
      // What others of the tree have used since counts here too.
      const more = { events: (counted?.events ?? events) - events, turns: (counted?.turns ?? turns) - turns };
      for (const name of ['events', 'turns'] as const) {
        if (more[name] <= 0) continue;
        tree[name] += more[name];
        shared[name] += more[name];
      }
    } catch (error) {
      shared.events -= spend.events;
      shared.turns -= spend.turns;
      throw error;
    }
  }

  async run(claimed: Claimed, signal: AbortSignal): Promise<Verdict> {
    const { job } = claimed;
    const body = this.#parse(job.body);
    if (body === null) return { kind: 'dead', reason: 'it cannot be read; another version of Cloister may have written it' };
    const { facts } = this.#services;
    const extension = facts.active(job.extension);
    if (extension === undefined) return { kind: 'pass', reason: 'this host does not have the extension' };
    try {
      await this.#services.resolve(job.tenant);
    } catch (error) {
      return { kind: 'wait', reason: error instanceof Error ? error.message : 'the tenant could not be resolved' };
    }
    if (!this.#services.serves(job.tenant, extension.id)) return this.#drop(job, body, 'the tenant no longer has the extension');
    if (facts.standing(extension, body.event)[body.nth] === undefined)
      return { kind: 'pass', reason: 'the extension has no such listener in the version that is here' };
    // Two versions of one extension may be here, each with tenants of its own.
    const target = facts
      .targets(job.tenant, 'action', body.event)
      .find((one) => one.extension.id === job.extension && facts.standing(one.extension, body.event)[body.nth] === one.listener.id);
    if (target === undefined) return this.#drop(job, body, 'its listener was taken away');
    const { id: treeId, mostEvents, mostTurns, mostDepth } = body.tree;
    const { events, turns } = claimed.counted ?? body.tree;
    const tree: CausalTree = { events, turns, mostEvents, mostTurns, mostDepth, shared: { id: treeId, events, turns } };
    const order: TurnOrder = {
      target,
      tenant: job.tenant,
      accountability: body.accountability,
      event: body.event,
      meta: body.meta,
      payload: '',
      cause: { parent: body.parent, chain: body.chain, tree },
      wallMs: Number.POSITIVE_INFINITY,
      awaited: false,
      requestId: job.id,
    };
    const verdict = decideVerdict(await this.#services.run(order, signal));
    return verdict.kind === 'done' ? { kind: 'done', spend: { tree: treeId, ...untold(tree) } } : verdict;
  }

  #parse(body: string): Body | null {
    this.#fits ??= new Ajv({ strict: true }).compile<Body>(bodySchema);
    try {
      const value: unknown = JSON.parse(body);
      return this.#fits(value) && isObjectText(value.meta) ? value : null;
    } catch {
      return null;
    }
  }

  #drop({ extension, tenant }: Job, { event }: Body, reason: string): Verdict {
    this.#services.onLife('event.dropped', extension, tenant, event, reason);
    return { kind: 'done' };
  }
}
