// The embedder's own events, such as Directus's: what its code fires reaches the listeners of extensions. Must never copy for a listener what is not plain data, nor let what cannot be checked pass as checked.
import { beginTree } from '../bridge/call-lease.ts';
import type { Accountability, Caller } from '../bridge/capability.ts';
import type { HostEventNames } from '../bridge/host-events.ts';
import { toBoundedJson } from '../capabilities/services/bounded-json.ts';
import { findUnplain } from '../capabilities/services/plain-arguments.ts';
import { CloisterError, type PublicError, RelayedError } from '../errors.ts';
import { type Limits, limitTable } from '../limits/table.ts';
import type { Bus } from './bus.ts';
import type { CausedHostEvents } from './host-events.ts';

export interface EventOrigin {
  /** `default` where absent. Inside a call of a service it is the tenant of who called. */
  readonly tenant?: string;
  readonly accountability: Accountability;
}

type Meta = Readonly<Record<string, unknown>>;

export interface EmbedderEvents {
  /** Whether any extension of the tenant hears one of them. */
  heard(channel: 'filter' | 'action', event: HostEventNames, tenant?: string): boolean;
  /** Resolves with the payload the listeners leave: the very one, where nobody changed it. Rejects with an error in Directus's shape where one refuses or breaks down, and where the event is in its own chain: then do not do what it filters. */
  filter(event: HostEventNames, payload: unknown, meta: Meta, origin: EventOrigin): Promise<unknown>;
  /** Tells the listeners, waits for none and never throws. */
  action(event: HostEventNames, meta: Meta, origin: EventOrigin): void;
}

/** In the shape in which Directus knows errors, and services pass them on: what a hook says arrives, whoever asked. */
class EventRefusedError extends Error {
  override readonly name = 'DirectusError';
  readonly code: string;
  readonly status: number;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor({ code, status, message, details }: PublicError) {
    super(message);
    this.code = code;
    this.status = status;
    this.extensions = details;
  }
}

const toRefusal = (error: unknown): unknown =>
  error instanceof CloisterError || error instanceof RelayedError ? new EventRefusedError(error) : error;

interface Parts {
  readonly bus: Bus;
  readonly events: CausedHostEvents;
  readonly limits: Partial<Limits>;
  readonly tenant: string;
}

const isPlain = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function' && typeof value !== 'symbol';
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || value instanceof Date || prototype === null || prototype === Object.prototype;
};

/** Requests, servers and clients stand in meta too: what is not data is left out, as if it were not there. */
const plainMeta = (meta: Meta, mostChars: number): Meta => {
  let left = mostChars;
  const kept: (readonly [string, unknown])[] = [];
  for (const [key, value] of Object.entries(meta)) {
    if (key === 'event' || key === '__proto__' || value === undefined || !isPlain(value)) continue;
    try {
      const text = toBoundedJson(value, left);
      left -= text.length;
      kept.push([key, JSON.parse(text) as unknown]);
    } catch (error) {
      if (error instanceof CloisterError && error.details['limit'] !== undefined) throw error;
    }
  }
  return Object.fromEntries(kept);
};

const unchecked = (event: HostEventNames, cause: string): CloisterError =>
  new CloisterError('ERR_CALL_FAILED', `The filter ${String(event)} cannot be asked: ${cause}; so what it checks is not done.`);

export const makeEmbedderEvents = ({ bus, events, limits, tenant: defaultTenant }: Parts): EmbedderEvents => {
  const treeLimits = Object.fromEntries(
    Object.entries(limitTable).map(([name, row]) => [name, limits[name as keyof Limits] ?? row.default]),
  ) as Limits;

  /** In a call of a service it goes on in the chain of who called; else it begins one. */
  const callerOf = ({ tenant = defaultTenant, accountability }: EventOrigin): Caller => {
    const outer = events.current();
    if (outer === undefined)
      return {
        extension: '',
        version: '',
        requestId: 'host',
        accountability,
        tenant,
        cause: { parent: '', chain: [], tree: beginTree(treeLimits) },
        signal: new AbortController().signal,
        // Each listener has its own wallMs.
        remainingMs: () => Number.POSITIVE_INFINITY,
      };
    const { extension, version, requestId, cause, signal } = outer;
    return { extension, version, requestId, accountability, tenant: outer.tenant, cause, signal, remainingMs: () => outer.remainingMs() };
  };
  const eventBytesOf = ({ tenant }: Caller, channel: 'filter' | 'action', event: HostEventNames): readonly number[] =>
    [event]
      .flat()
      .flatMap((name) => bus.facts.targets(tenant, channel, name).map(({ extension }) => bus.limitsOf(extension, tenant).eventBytes));

  const filter: EmbedderEvents['filter'] = async (event, payload, meta, origin) => {
    const caller = callerOf(origin);
    const most = eventBytesOf(caller, 'filter', event);
    // A loop is one, whoever hears it.
    if (most.length === 0 && events.current() === undefined) return payload;
    if (most.length === 0) return await events.filter(caller, event, payload, { collection: meta['collection'] });
    let copy: unknown;
    let told: Meta;
    try {
      const text = toBoundedJson(payload, Math.min(...most));
      told = plainMeta(meta, Math.min(...most) - text.length);
      copy = JSON.parse(text) as unknown;
    } catch (error) {
      const isLimit = error instanceof CloisterError && error.details['limit'] !== undefined;
      throw unchecked(event, isLimit ? `it is over the limit eventBytes (${Math.min(...most)})` : 'its payload is not plain data');
    }
    const changed = await events.filter(caller, event, copy, told);
    if (changed === copy) return payload;
    const complaint = findUnplain([changed]);
    if (complaint !== null) throw unchecked(event, complaint);
    return changed;
  };

  return {
    heard(channel, event, tenant = defaultTenant) {
      const known = events.current()?.tenant ?? tenant;
      return [event].flat().some((name) => bus.facts.targets(known, channel, name).length > 0);
    },
    async filter(event, payload, meta, origin) {
      try {
        return await filter(event, payload, meta, origin);
      } catch (error) {
        throw toRefusal(error);
      }
    },
    action(event, meta, origin) {
      const caller = callerOf(origin);
      const most = eventBytesOf(caller, 'action', event);
      if (most.length === 0) return;
      try {
        events.action(caller, event, plainMeta(meta, Math.max(...most)));
      } catch (error) {
        bus.refused(caller, { chain: [...caller.cause.chain, [event].flat().at(-1) ?? ''] }, error);
      }
    },
  };
};
