// What a ledger says of one extension, counted entry by entry. Must never hold an entry, nor grow with how many there are.
import type { GrantLine, Learning } from '../bridge/capability.ts';
import type { LedgerEntry } from '../ledger/entry.ts';
import { type LimitName, limitTable } from '../limits/table.ts';
import { keyOf, type Learnings, unpackLines } from './lines.ts';
import { Sketch } from './sketch.ts';

type EntryOf<Kind extends LedgerEntry['kind']> = Extract<LedgerEntry, { readonly kind: Kind }>;

export interface LineUse {
  readonly line: GrantLine;
  count: number;
  /** ISO 8601. */
  last: string;
  /** How many of them would be denied by what is granted. */
  wouldDeny: number;
}

export interface Denial {
  readonly method: string;
  readonly rule: string;
  count: number;
  last: string;
}

export interface CapabilityTally {
  calls: number;
  denied: number;
  wouldDeny: number;
  last: string;
  readonly lines: Map<string, LineUse>;
  readonly denials: Map<string, Denial>;
  /** What was granted when it was loaded last. */
  granted: readonly GrantLine[];
  isGranted: boolean;
}

/** Different lines of one capability that are counted apart; beyond that they are folded, or only the known ones are. */
const maxLines = 4_000;
const maxDenials = 200;
const maxNames = 100;

export class ExtensionTally {
  readonly versions = new Set<string>();
  readonly outcomes = new Map<string, number>();
  readonly capabilities = new Map<string, CapabilityTally>();
  readonly budgets = new Map<LimitName, Sketch>();
  readonly breaches = new Map<string, { count: number; most: number }>();
  /** The limits it was loaded with last. */
  readonly limits = new Map<string, number>();
  folder = '';
  artifact = '';
  requests = 0;
  first = '';
  last = '';
  /** Lines that were not counted, because there were too many. */
  uncounted = 0;
  readonly #learnings: Learnings;

  constructor(learnings: Learnings) {
    this.#learnings = learnings;
  }

  /** What it was given. Counted from whichever time on: a report of the last hour compares with it too. */
  takeLoad(entry: EntryOf<'life'>): void {
    if (entry.event === 'package.loaded') {
      this.artifact = entry.subject;
      for (const capability of this.capabilities.values()) Object.assign(capability, { granted: [], isGranted: false });
    } else if (entry.event === 'package.limits') {
      this.folder = entry.subject;
      for (const [, name = '', value = ''] of entry.reason.matchAll(/(\w+)=(\d+)/g)) this.limits.set(name, Number(value));
    } else if (entry.event === 'package.granted') {
      const capability = this.#capability(entry.subject);
      capability.isGranted = true;
      capability.granted = [...capability.granted, ...unpackLines(entry.reason)];
    }
  }

  take(entry: LedgerEntry): void {
    if (entry.kind === 'life') return;
    this.first ||= entry.time;
    this.last = entry.time;
    if (entry.kind === 'call.start') this.#takeCall(entry);
    else if (entry.kind === 'call.end') this.#budget('resultBytes', entry.bytes);
    else if (entry.kind === 'request.end') this.#takeRequest(entry);
    else if (entry.kind === 'limit') this.#takeBreach(entry);
  }

  #takeCall({ capability: name, method, args, decision, rule, digest, time, repeats = 1 }: EntryOf<'call.start'>): void {
    const capability = this.#capability(name);
    if (decision === 'deny') {
      capability.denied += repeats;
      return this.#deny(capability, method, rule, time, repeats);
    }
    const learning = this.#learnings.get(name);
    const byHost = digest === '';
    const lines = learning?.observe({ method, args, byHost }) ?? [];
    // What the host asked about a request or a header counts where that is used.
    if (!byHost || lines.length > 0) {
      capability.calls += 1;
      capability.last = time;
    }
    if (decision === 'would-deny') {
      capability.wouldDeny += 1;
      this.#deny(capability, method, rule, time, 1);
    }
    if (learning !== undefined) this.#use(capability, learning, lines, time, decision === 'would-deny');
  }

  #takeRequest(entry: EntryOf<'request.end'>): void {
    this.requests += 1;
    if (this.versions.size < maxNames) this.versions.add(entry.version);
    if (this.outcomes.size < maxNames || this.outcomes.has(entry.outcome))
      this.outcomes.set(entry.outcome, (this.outcomes.get(entry.outcome) ?? 0) + 1);
    this.#budget('cpuMs', entry.cpuMs);
    this.#budget('wallMs', entry.wallMs);
    this.#budget('hostCalls', entry.calls);
    this.#budget('bodyInBytes', entry.bytesIn);
    this.#budget('bodyOutBytes', entry.bytesOut);
    this.#budget('logLines', entry.logLines);
    this.#budget('logBytes', entry.logBytes);
    if (entry.heapGrowthKb !== null) this.#budget('memoryMb', Math.max(0, entry.heapGrowthKb / 1_024));
    if (!reachedRoute(entry)) return;
    const path = entry.path.slice(entry.path.indexOf('/', 1));
    const request = { method: entry.method, path: path === entry.path || !path.startsWith('/') ? '/' : path };
    for (const [name, learning] of this.#learnings) {
      const lines = learning.observeRequest?.(request) ?? [];
      if (lines.length === 0) continue;
      const capability = this.#capability(name);
      capability.calls += 1;
      capability.last = entry.time;
      this.#use(capability, learning, lines, entry.time, false);
    }
  }

  #takeBreach({ limit, used, repeats = 1 }: EntryOf<'limit'>): void {
    if (!Object.hasOwn(limitTable, limit)) return;
    const breach = this.breaches.get(limit) ?? { count: 0, most: 0 };
    this.breaches.set(limit, { count: breach.count + repeats, most: Math.max(breach.most, used) });
  }

  #budget(name: LimitName, value: number): void {
    const sketch = this.budgets.get(name) ?? new Sketch();
    this.budgets.set(name, sketch);
    sketch.add(value);
  }

  #use({ lines }: CapabilityTally, learning: Learning, used: readonly GrantLine[], time: string, wouldDeny: boolean): void {
    for (const line of used) {
      const key = keyOf(line);
      const known = lines.get(key);
      if (known === undefined && lines.size >= maxLines && !foldLines(lines, learning)) {
        this.uncounted += 1;
        continue;
      }
      const use = known ?? { line, count: 0, last: time, wouldDeny: 0 };
      lines.set(key, use);
      use.count += 1;
      use.last = time;
      if (wouldDeny) use.wouldDeny += 1;
    }
  }

  #deny({ denials }: CapabilityTally, method: string, rule: string, time: string, times: number): void {
    const key = JSON.stringify([method, rule]);
    if (denials.size >= maxDenials && !denials.has(key)) return;
    const denial = denials.get(key) ?? { method, rule, count: 0, last: time };
    denials.set(key, denial);
    denial.count += times;
    denial.last = time;
  }

  /** A guest may call what does not exist: names of no capability are counted under one. */
  #capability(name: string): CapabilityTally {
    const key = this.#learnings.has(name) || this.capabilities.has(name) || this.capabilities.size < maxNames ? name : '(others)';
    const known = this.capabilities.get(key);
    if (known !== undefined) return known;
    const made = { calls: 0, denied: 0, wouldDeny: 0, last: '', lines: new Map(), denials: new Map(), granted: [], isGranted: false };
    this.capabilities.set(key, made);
    return made;
  }
}

/** What a stranger asked for and no route answered is no use: a scanner must not widen what is learned. */
const reachedRoute = ({ outcome, calls }: EntryOf<'request.end'>): boolean =>
  outcome !== 'passed on' && !(outcome === 'ERR_CAPABILITY_DENIED' && calls === 0);

/** true: there is room again. */
const foldLines = (lines: Map<string, LineUse>, learning: Learning): boolean => {
  if (learning.fold === undefined) return false;
  const folded = foldUses([...lines.values()], learning);
  if (folded.length > maxLines / 2) return false;
  lines.clear();
  for (const use of folded) lines.set(keyOf(use.line), use);
  return true;
};

/** Fewer lines with the counts of those they stand for. */
export const foldUses = (uses: readonly LineUse[], learning: Learning): readonly LineUse[] => {
  if (learning.fold === undefined) return uses;
  return learning.fold(uses.map(({ line }) => line)).map((line) => {
    const covered = uses.filter((use) => learning.covers?.(line, use.line) ?? keyOf(line) === keyOf(use.line));
    return {
      line,
      count: covered.reduce((sum, { count }) => sum + count, 0),
      last: covered.reduce((latest, { last }) => (last > latest ? last : latest), ''),
      wouldDeny: covered.reduce((sum, use) => sum + use.wouldDeny, 0),
    };
  });
};
