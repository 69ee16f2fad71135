// Looks at the ledger's records for versions that stand beside each other, and says when one must go. Must never fail who writes the record, nor count what is a client's or the host's fault.
import type { LedgerRecord } from '../../ledger/entry.ts';
import { canaryBounds } from './bounds.ts';
import { decideCanary, type Tally } from './decide-canary.ts';
import { SlidingTally } from './sliding-tally.ts';

export interface CanaryPair {
  readonly extension: string;
  /** They differ, which is what records are told apart by. */
  readonly currentVersion: string;
  readonly canaryVersion: string;
  /** When the trial began: another is judged by what it does itself. */
  readonly since: string;
}

interface Watched extends CanaryPair {
  readonly current: SlidingTally;
  readonly canary: SlidingTally;
  /** Requests that went over a limit and have not ended, and whether it was their client's doing. */
  readonly over: Map<string, 'own' | 'client'>;
  /** Requests that have not ended, and whose they are. */
  readonly clients: Map<string, string>;
}

/** A 5xx that says how busy the host is, or what its database and ledger do, tells nothing of the version. */
const notItsOwn: ReadonlySet<string> = new Set([
  'ERR_CAPACITY_EXCEEDED',
  'ERR_CELL_LOST',
  'ERR_EXTENSION_REPLACED',
  'ERR_INTERNAL',
  'ERR_LEDGER_UNAVAILABLE',
  'ERR_RUNTIME_CLOSED',
  'ERR_TENANT_UNAVAILABLE',
]);
const crashes: ReadonlySet<string> = new Set(['ERR_MEMORY_EXCEEDED', 'ERR_WARD_CRASHED']);
/** These say how much is asked of it, or how slowly it is read. */
const limitsOfClients: ReadonlySet<string> = new Set([
  'bodyInBytes',
  'concurrentRequests',
  'queuedRequests',
  'ratePerSecond',
  'replacedMs',
  'streamIdleMs',
  'unsentBytes',
]);

export interface CanaryWatchOptions {
  now?(): number;
  onVerdict(extension: string, reason: string): void;
}

export class CanaryWatch {
  readonly #now: () => number;
  readonly #onVerdict: CanaryWatchOptions['onVerdict'];
  readonly #watched = new Map<string, Watched>();

  constructor({ now = () => performance.now(), onVerdict }: CanaryWatchOptions) {
    this.#now = now;
    this.#onVerdict = onVerdict;
  }

  watch(pair: CanaryPair): void {
    const known = this.#watched.get(pair.extension);
    if (known?.canaryVersion === pair.canaryVersion && known.currentVersion === pair.currentVersion && known.since === pair.since) return;
    const { value } = canaryBounds.windowMs;
    this.#watched.set(pair.extension, {
      ...pair,
      current: new SlidingTally(value),
      canary: new SlidingTally(value),
      over: new Map(),
      clients: new Map(),
    });
  }

  forget(extension: string): void {
    this.#watched.delete(extension);
  }

  tallies(extension: string): { readonly canary: Tally; readonly current: Tally } | null {
    const watched = this.#watched.get(extension);
    if (watched === undefined) return null;
    return { canary: watched.canary.sum(this.#now()), current: watched.current.sum(this.#now()) };
  }

  /** Said before anything of the request is on record. */
  meets(extension: string, request: string, client: string): void {
    const clients = this.#watched.get(extension)?.clients;
    if (clients !== undefined && clients.size < canaryBounds.unfinished.value) clients.set(request, client);
  }

  take(record: LedgerRecord): void {
    // Nearly always nothing is on trial.
    if (this.#watched.size === 0) return;
    const watched = this.#watched.get(record.extension);
    if (watched === undefined || record.chain !== undefined) return;
    if (record.kind === 'limit') this.#overLimit(watched, record.request, record.limit);
    if (record.kind !== 'request.end') return;
    const { version, outcome, status } = record;
    const over = watched.over.get(record.request);
    const client = watched.clients.get(record.request) ?? null;
    watched.over.delete(record.request);
    watched.clients.delete(record.request);
    // Who leaves has heard nothing.
    if (outcome === 'client gone' || over === 'client' || notItsOwn.has(outcome)) return;
    const side = version === watched.canaryVersion ? watched.canary : version === watched.currentVersion ? watched.current : null;
    const isError = status >= 500;
    const limited = over === 'own';
    const did = { requests: 1, errors: Number(isError), limits: Number(limited), crashes: Number(crashes.has(outcome)) };
    side?.add(this.#now(), did, client);
    if (side === watched.canary && (isError || limited)) this.#judge(watched);
  }

  #overLimit({ over }: Watched, request: string, limit: string): void {
    if (over.size >= canaryBounds.unfinished.value) return;
    if (limitsOfClients.has(limit)) over.set(request, 'client');
    else if (!over.has(request)) over.set(request, 'own');
  }

  #judge({ extension, canary, current }: Watched): void {
    const now = this.#now();
    const verdict = decideCanary(canary.sum(now), current.sum(now), canary.badClients(now));
    if (verdict.kind === 'go-on') return;
    this.forget(extension);
    this.#onVerdict(extension, verdict.reason);
  }
}
