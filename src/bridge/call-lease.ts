// What a lease is to the bridge: on whose behalf, until when, how many calls so far. Must never be shared between two requests.
import type { Ledger, LedgerRecord, LedgerSubject } from '../ledger/entry.ts';
import { type Fold, makeFold } from '../ledger/fold.ts';
import type { Limits } from '../limits/table.ts';
import type { RequestSpan } from '../telemetry/tracing.ts';
import type { Accountability, Caller, CausalTree, Cause } from './capability.ts';

/** A record without who it is about. */
type Anonymous<Entry> = Entry extends unknown ? Omit<Entry, keyof LedgerSubject> : never;
export type LeaseRecord = Anonymous<Exclude<LedgerRecord, { readonly kind: 'life' }>>;

/** What ends at its first entry: a refusal, a limit that was passed. A guest may cause any number of them. */
type Repeatable = Extract<LeaseRecord, { readonly kind: 'call.start' | 'limit' }>;
const isRepeatable = (record: LeaseRecord): record is Repeatable =>
  record.kind === 'limit' || (record.kind === 'call.start' && record.decision === 'deny');

const keyOf = (record: Repeatable): string =>
  record.kind === 'limit'
    ? `limit ${record.limit}`
    : JSON.stringify([record.capability, record.method, record.rule, record.candidate, record.args]);

/** There are few limits: what fills up a fold are names of a guest's own. */
const othersOf = (record: Repeatable): Repeatable =>
  record.kind === 'limit' ? record : { ...record, capability: '', method: '', args: {}, digest: '' };

/** What all leases of one extension × tenant have in common. */
export interface LeaseOrigin {
  readonly extension: string;
  readonly version: string;
  /** SHA-256 of the script that runs. */
  readonly artifact: string;
  readonly tenant: string;
  readonly tenantVars?: Readonly<Record<string, string>>;
  readonly limits: Limits;
  readonly ledger: Ledger;
  /** Makes request ids of this runtime unlike those of another. */
  readonly prefix: string;
  onLedgerFailure(error: unknown): void;
}

/** `<request>: orders.paid → invoice.made` */
const describeCause = ({ parent, chain }: Cause): string => (chain.length === 0 ? parent : `${parent}: ${showChain(chain)}`);

/** The tree of all that one request, schedule or start causes: its first extension's limits hold for all of it. */
export const beginTree = ({ eventsPerRequest, eventDepth, listenersPerRequest }: Limits): CausalTree => ({
  events: 0,
  mostEvents: eventsPerRequest,
  turns: 0,
  mostTurns: listenersPerRequest,
  mostDepth: eventDepth,
});

/** A chain as people read it. */
export const showChain = (chain: readonly string[]): string => chain.join(' → ');

/** A reason made once: without one, each abort() builds an error with a stack. */
const leaseOver = 'the lease is over';

const mostPutOff = 2;

const nothingSaid: Readonly<Record<string, string>> = Object.freeze({});

/** Ids of nested calls: above every id a kernel gives, so that the ledger never has one twice in a request. */
export const firstNestedCall = 0x4000_0000;

export abstract class CallLease implements Caller {
  readonly origin: LeaseOrigin;
  readonly id: number;
  readonly accountability: Accountability;
  /** A call had an effect outside the cell: the request may not be run again. */
  effects = false;
  calls = 0;
  /** The id that a kernel gave its last call; 0: that one has made none. */
  lastCall = 0;
  /** Runs that ended before this one: it runs again where another's request took its cell. */
  runs = 0;
  pending = 0;
  /** Calls that host sides made for its calls; they are in `calls` too. */
  nestedCalls = 0;
  /** Steps by which it went on with calls that were admitted. */
  steps = 0;
  /** Things it said it uses. */
  notes = 0;
  logLines = 0;
  logBytes = 0;
  /** Host time spent on checking and judging its calls. */
  judgingMs = 0;
  /** It has gone over logLines or logBytes, which is told once. */
  logOver = false;
  /** null: nobody traces. */
  readonly span: RequestSpan | null;
  #abort: AbortController | null = null;
  #callsBefore = 0;
  #over = false;
  #fold: Fold<Repeatable> | null = null;
  #held: Promise<void> | null = null;
  readonly #putOff: (() => void)[] = [];
  #cause: Cause | null;

  /** `cause` null: it is the first of its causal tree. */
  constructor(origin: LeaseOrigin, id: number, accountability: Accountability, cause: Cause | null, span: RequestSpan | null = null) {
    this.span = span;
    this.origin = origin;
    this.id = id;
    this.accountability = accountability;
    this.#cause = cause;
  }

  abstract get requestId(): string;
  get extension(): string {
    return this.origin.extension;
  }
  get version(): string {
    return this.origin.version;
  }
  get tenant(): string {
    return this.origin.tenant;
  }
  get tenantVars(): Readonly<Record<string, string>> {
    return this.origin.tenantVars ?? nothingSaid;
  }
  get limits(): Limits {
    return this.origin.limits;
  }
  get cause(): Cause {
    this.#cause ??= { parent: '', chain: [], tree: beginTree(this.limits) };
    return this.#cause;
  }
  get isOver(): boolean {
    return this.#over;
  }
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#over && !this.#abort.signal.aborted) this.#abort.abort(leaseOver);
    return this.#abort.signal;
  }
  /** Its end is said, and waits for the calls made before. */
  get isEnding(): boolean {
    return this.#putOff.length > 0;
  }
  abstract remainingMs(): number;

  /** Puts who it is about on a record. Throws ERR_LEDGER_UNAVAILABLE where nothing can be recorded. */
  recordStrictly(record: LeaseRecord): void {
    if (!isRepeatable(record)) return this.#append(record);
    this.#fold ??= makeFold((one: Repeatable) => this.#append(one), keyOf, othersOf);
    this.#fold.add(record);
  }

  /** Before its last entry: what was repeated, with its count. */
  protected recordRepeats(): void {
    try {
      this.#fold?.flush();
    } catch (error) {
      this.origin.onLedgerFailure(error);
    }
  }

  #append(record: LeaseRecord): void {
    const { ledger, extension, version, artifact, tenant } = this.origin;
    const chain = this.#cause === null || this.#cause.parent === '' ? undefined : { chain: describeCause(this.#cause) };
    ledger.append({ ...record, extension, version, artifact, tenant, request: this.requestId, ...chain } as LedgerRecord);
  }

  /** The same, where a ledger that cannot write must not keep a request from ending. */
  record(record: LeaseRecord): void {
    try {
      this.recordStrictly(record);
    } catch (error) {
      this.origin.onLedgerFailure(error);
    }
  }

  /** Its cell is gone: what it has under way is given up, and the kernel of its next one counts calls by itself. */
  protected endRun(): void {
    this.#abort?.abort(leaseOver);
    this.#abort = null;
    this.runs += 1;
    this.#callsBefore += this.lastCall;
    this.lastCall = 0;
    this.pending = 0;
  }

  /** A kernel counts its calls up, and begins anew after the last id: so one that is not ahead of the last is a ward's own making. */
  isNext(call: number): boolean {
    const ahead = (call - this.lastCall) & (firstNestedCall - 1);
    return call < firstNestedCall && (this.lastCall === 0 || (ahead > 0 && ahead < firstNestedCall / 2));
  }

  /** What stands on the ledger for a kernel's id: none twice in a request, over all its runs. */
  callOnRecord(call: number): number {
    return ((this.#callsBefore + call - 1) % (firstNestedCall - 1)) + 1;
  }

  /** When an admitted call may begin; null: now. One with an effect waits for its entry to be kept, and what is called after it keeps its place. */
  whenKept(hasEffect: boolean): Promise<void> | null {
    const kept = hasEffect ? this.origin.ledger.kept() : null;
    if (kept === null) return this.#held;
    const settle = (): void => {
      if (this.#held === kept) this.#held = null;
    };
    kept.then(settle, (error: unknown) => {
      settle();
      this.origin.onLedgerFailure(error);
    });
    this.#held = kept;
    return kept;
  }

  /** Puts off what ends it until the calls that wait have begun; false: none does, or it is over. A ward says so once of its end and once of its rest: more is not listened to. */
  afterHeld(ending: () => void): boolean {
    if (this.#over || (this.#held === null && !this.isEnding)) return false;
    if (this.#putOff.length === mostPutOff) return true;
    this.#putOff.push(ending);
    if (this.#putOff.length === 1) this.#endInTurn();
    return true;
  }

  /** In the order they came: a call that one of those has made may wait by now. */
  #endInTurn(): void {
    if (this.#held === null) for (const ending of this.#putOff.splice(0)) ending();
    else {
      const goOn = (): void => this.#endInTurn();
      this.#held.then(goOn, goOn);
    }
  }

  /** Ends the right to call; work in progress on its behalf is given up. */
  protected endCalls(): void {
    this.#over = true;
    this.#abort?.abort(leaseOver);
  }
}
