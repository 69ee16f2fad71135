// Who listens for what, by tenant: what registration said, changed by what was added and taken away since. Must never let one tenant's listener stand in another's list.
import { covers, type EventPattern, parsePattern } from '../../sandbox/protocol/event-patterns.ts';
import { type Channel, channels, type ListenerFact } from '../../sandbox/protocol/kinds.ts';
import type { LeaseRecord } from '../bridge/call-lease.ts';
import { noteOf } from '../bridge/note.ts';
import { decideAll, judge } from '../bridge/verdict.ts';
import { emitterBounds } from '../capabilities/emitter/bounds.ts';
import { wildcardPattern } from '../capabilities/emitter/names.ts';
import type { Extension } from '../dispatch/extension.ts';
import { CloisterError } from '../errors.ts';
import { parseCron } from './cron.ts';

export interface Listener {
  readonly id: number;
  readonly channel: Channel;
  readonly event: string;
  /** null for a schedule: its event is a cron pattern. */
  readonly pattern: EventPattern | null;
}

export interface Target {
  readonly extension: Extension;
  readonly listener: Listener;
}

interface Known {
  readonly extension: Extension;
  /** As it registered when it was loaded: holds for every tenant whose cell has not said otherwise. */
  readonly base: ReadonlyMap<number, Listener>;
  readonly tenants: Map<string, Map<number, Listener>>;
  active: boolean;
}

const cachedNames = 1_000;
const nameForm = new RegExp(wildcardPattern, 'u');
const known: ReadonlySet<unknown> = new Set(channels);

const refuse = (cause: string): never => {
  throw new CloisterError('ERR_REGISTER_FAILED', cause);
};

/** The policies of `emitter` decide of each listener as they would of a call; a schedule's pattern must be one. */
export const parseListener = (extension: Extension, [id, channel, event]: ListenerFact): Listener => {
  if (!Number.isInteger(id) || id < 1 || !known.has(channel) || typeof event !== 'string')
    return refuse('it sent a listener that cannot be read');
  const shown = event.slice(0, emitterBounds.eventChars.value);
  if (channel !== 'schedule' && (event.length > emitterBounds.eventChars.value || !nameForm.test(event)))
    return refuse(
      `${channel}: ${JSON.stringify(shown)} is no event name; use at most ${emitterBounds.eventChars.value} letters, digits and _ : / @ $ # - in parts joined by dots, * for one part, ** for any number`,
    );
  const emitter = extension.capabilities.get('emitter');
  if (emitter === undefined)
    return refuse(
      `${channel} ${JSON.stringify(shown)}: emitter is not granted to it; ask for "emitter" with ${channel === 'schedule' ? '"schedule": true' : '"listen"'}, and approve it`,
    );
  const decision = decideAll(emitter.policies, 'listen', { listener: id, channel, event });
  if (!decision.allow) return refuse(`${channel} ${JSON.stringify(shown)}: ${decision.reason}`);
  if (channel === 'schedule') parseCron(event);
  return { id, channel, event, pattern: channel === 'schedule' ? null : parsePattern(event) };
};

/** Each listener that stands, with what mode `audit` or a candidate says of it: what an extension listens for is learned from this. */
const notesOf = (extension: Extension, { id, channel, event }: Listener): readonly LeaseRecord[] => {
  const emitter = extension.capabilities.get('emitter');
  const args = { listener: id, channel, event };
  return emitter === undefined ? [] : noteOf('emitter', 'listen', { channel, event, listener: id }, judge(emitter, 'listen', args), true);
};

export class ListenerFacts {
  /** In the order in which filters run. */
  #known: Known[] = [];
  readonly #cache = new Map<string, readonly Target[]>();
  readonly #serves: (tenant: string, extension: string) => boolean;
  readonly #hears: (tenant: string, target: Target) => boolean;

  /** `serves`: what a tenant does not have hears none of its events; `hears`: nor does a listener that a tenant's grants deny. */
  constructor(serves: (tenant: string, extension: string) => boolean, hears: (tenant: string, target: Target) => boolean = () => true) {
    this.#serves = serves;
    this.#hears = hears;
  }

  /** What tenants have is different from now on. */
  changed(): void {
    this.#cache.clear();
  }

  /** A cell has registered: its list takes the place of what held before. The first one stands for all tenants. `listeners`: how many its tenant may have. */
  registered(
    extension: Extension,
    tenant: string,
    facts: readonly ListenerFact[],
    record: (note: LeaseRecord) => void,
    listeners: number = extension.limits.listeners,
  ): void {
    if (facts.length > listeners) refuse(`it has ${facts.length} listeners, over the limit listeners (${listeners})`);
    const list = new Map(facts.map((fact) => [fact[0], parseListener(extension, fact)]));
    for (const listener of list.values()) for (const note of notesOf(extension, listener)) record(note);
    const mine = this.#find(extension);
    if (mine === undefined) {
      this.#known.push({ extension, base: list, tenants: new Map(), active: false });
      this.#known.sort((one, other) => (one.extension.id < other.extension.id ? -1 : 1));
    } else if (isSame(list, mine.base)) {
      mine.tenants.delete(tenant);
    } else {
      this.#refuseCrowd(tenant, list.size - this.#listOf(mine, tenant).size);
      mine.tenants.set(tenant, list);
    }
    this.#cache.clear();
  }

  /** It is installed: from now on it hears. */
  activate(extension: Extension): void {
    const mine = this.#find(extension);
    if (mine !== undefined) mine.active = true;
    this.#cache.clear();
  }

  forget(extension: Extension): void {
    this.#known = this.#known.filter((one) => one.extension !== extension);
    this.#cache.clear();
  }

  /** Of two versions that stand beside each other, the one that is said; else the one that hears. */
  extension(id: string, version?: string): Extension | undefined {
    const named = this.#known.filter(({ extension }) => extension.id === id);
    const said = named.find(({ extension }) => extension.version === version);
    return (said ?? named.find(({ active }) => active) ?? named[0])?.extension;
  }

  add(extension: Extension, tenant: string, fact: ListenerFact, listeners: number = extension.limits.listeners): void {
    const mine = this.#find(extension);
    if (mine === undefined) return;
    const list = this.#ownListOf(mine, tenant);
    if (list.size >= listeners)
      throw new CloisterError('ERR_CAPACITY_EXCEEDED', `The extension has more listeners than the limit listeners (${listeners}).`, {
        limit: 'listeners',
      });
    this.#refuseCrowd(tenant, 1);
    list.set(fact[0], parseListener(extension, fact));
    this.#cache.clear();
  }

  remove(extension: Extension, tenant: string, id: number): void {
    const mine = this.#find(extension);
    if (mine === undefined || !this.#listOf(mine, tenant).has(id)) return;
    this.#ownListOf(mine, tenant).delete(id);
    this.#cache.clear();
  }

  /** Who hears the event, in order: by extension id, then as they registered. */
  targets(tenant: string, channel: Channel, event: string): readonly Target[] {
    const key = JSON.stringify([tenant, channel, event]);
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    const name = parsePattern(event);
    const found = this.#all(tenant).filter(
      ({ listener }) => listener.channel === channel && listener.pattern !== null && covers(listener.pattern, name),
    );
    if (this.#cache.size >= cachedNames) this.#cache.clear();
    this.#cache.set(key, found);
    return found;
  }

  /** Of those that hear events now. */
  active(id: string): Extension | undefined {
    return this.#known.find(({ extension, active }) => active && extension.id === id)?.extension;
  }

  /** Ids of those that have a turn without a client's asking: by actions or by the clock. */
  workers(): readonly string[] {
    const works = ({ channel }: Listener): boolean => channel === 'action' || channel === 'schedule';
    return this.#known.flatMap(({ active, extension, base }) => (active && [...base.values()].some(works) ? [extension.id] : []));
  }

  /** It registered as every cell of the extension does, on every host. */
  isStanding({ extension, listener }: Target): boolean {
    const base = this.#find(extension)?.base.get(listener.id);
    return base !== undefined && base.channel === listener.channel && base.event === listener.event;
  }

  /** Ids of the listeners that registered for an action, in their order: by its place in it one is known to other hosts. */
  standing(extension: Extension, event: string): readonly number[] {
    const name = parsePattern(event);
    return [...(this.#find(extension)?.base.values() ?? [])].flatMap(({ id, channel, pattern }) =>
      channel === 'action' && pattern !== null && covers(pattern, name) ? [id] : [],
    );
  }

  /** As they stood at the load: of all tenants the same. */
  schedules(extension: Extension): readonly Listener[] {
    return [...(this.#find(extension)?.base.values() ?? [])].filter(({ channel }) => channel === 'schedule');
  }

  #all(tenant: string): readonly Target[] {
    return this.#known
      .filter(({ active, extension }) => active && this.#serves(tenant, extension.id))
      .flatMap((one) => [...this.#listOf(one, tenant).values()].map((listener) => ({ extension: one.extension, listener })))
      .filter((target) => this.#hears(tenant, target));
  }

  #find(extension: Extension): Known | undefined {
    return this.#known.find((one) => one.extension === extension);
  }

  #listOf(one: Known, tenant: string): ReadonlyMap<number, Listener> {
    return one.tenants.get(tenant) ?? one.base;
  }

  #ownListOf(one: Known, tenant: string): Map<number, Listener> {
    const own = one.tenants.get(tenant) ?? new Map(one.base);
    one.tenants.set(tenant, own);
    return own;
  }

  #refuseCrowd(tenant: string, more: number): void {
    const most = emitterBounds.listenersPerTenant.value;
    if (more > 0 && this.#known.reduce((sum, one) => sum + this.#listOf(one, tenant).size, more) > most)
      throw new CloisterError('ERR_CAPACITY_EXCEEDED', `The tenant has more than ${most} listeners.`, { limit: 'listenersPerTenant' });
  }
}

const isSame = (one: ReadonlyMap<number, Listener>, other: ReadonlyMap<number, Listener>): boolean =>
  one.size === other.size &&
  [...one.values()].every(({ id, channel, event }) => {
    const twin = other.get(id);
    return twin !== undefined && twin.channel === channel && twin.event === event;
  });
