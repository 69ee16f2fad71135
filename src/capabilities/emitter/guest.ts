// `emitter` as an extension knows it: events to and from the other extensions of its tenant. Runs in the isolate; must never hold authority: the host asks the grant again.
import type { GuestBridge } from '../../../sandbox/kernel/guest-capability.ts';
import { covers, parsePattern } from '../../../sandbox/protocol/event-patterns.ts';
import type { EmitterBoot } from './contract.ts';

type Channel = 'filter' | 'action' | 'init';
type Handler = (...args: readonly unknown[]) => unknown;

/** The table of this cell's listeners, as the kernel keeps it. */
export interface ListenerTable {
  add(channel: Channel, event: unknown, handler: unknown): void;
  remove(channel: Channel, event: unknown, handler: unknown): void;
  removeAll(): void;
  count(channel: Channel, matches: (event: string) => boolean): number;
}

export interface GuestEmitter {
  emitFilter(event: string | readonly string[], payload: unknown, meta?: object, context?: unknown): Promise<unknown>;
  emitAction(event: string | readonly string[], meta?: object, context?: unknown): void;
  emitInit(event: string | readonly string[], meta?: object): Promise<void>;
  onFilter(event: string, handler: Handler): void;
  onAction(event: string, handler: Handler): void;
  onInit(event: string, handler: Handler): void;
  offFilter(event: string, handler: Handler): void;
  offAction(event: string, handler: Handler): void;
  offInit(event: string, handler: Handler): void;
  offAll(): void;
  countFilterListeners(event: string): number;
  countActionListeners(event: string): number;
  countInitListeners(event: string): number;
}

// Held from before the extension runs.
const { stringify, parse } = JSON;
const { keys: keysOf, fromEntries, hasOwn } = Object;
const { isArray } = Array;

const failure = (code: string, status: number, message: string): Error =>
  Object.assign(new Error(message), { code, status, extensions: {} });

/** What of meta is JSON: a request or a stream among it costs that key and not the event. */
const metaText = (meta: unknown): string => {
  if (typeof meta !== 'object' || meta === null) return '{}';
  const whole = attempt(meta);
  if (whole !== undefined && whole[0] === '{') return whole;
  if (isArray(meta)) return '{}';
  const kept = keysOf(meta)
    .map((key) => [key, attempt((meta as Record<string, unknown>)[key])] as const)
    .filter((entry): entry is readonly [string, string] => entry[1] !== undefined);
  return stringify(fromEntries(kept.map(([key, text]) => [key, parse(text) as unknown])));
};

const attempt = (value: unknown): string | undefined => {
  try {
    return stringify(value);
  } catch {
    return undefined;
  }
};

const payloadText = (payload: unknown): string => {
  try {
    return stringify(payload) ?? '';
  } catch (error) {
    throw failure(
      'ERR_ARGUMENT_INVALID',
      400,
      `emitFilter: the payload is not JSON (${error instanceof Error ? error.message : 'unknown cause'})`,
    );
  }
};

const asList = (event: unknown): readonly unknown[] => (isArray(event) ? (event as readonly unknown[]) : [event]);
const noBoot: EmitterBoot = { eventBytes: 0 };

/** `emitter`; where it is not granted, one whose every use says so. */
export const makeGuest = (bridge: GuestBridge, listeners: ListenerTable): GuestEmitter => {
  const { eventBytes } = bridge.granted && bridge.boot !== undefined ? (bridge.boot as EmitterBoot) : noBoot;
  const use = (member: string): void => {
    if (!bridge.granted) throw failure('ERR_CAPABILITY_NOT_GRANTED', 403, `emitter.${member} is not granted to this extension`);
  };
  // What is too large need not cross; the host refuses it again.
  const bound = (text: string): string => {
    if (text.length > eventBytes) throw failure('ERR_ARGUMENT_INVALID', 400, `an event is over the limit eventBytes (${eventBytes})`);
    return text;
  };
  // biome-ignore lint/suspicious/noConsole: the cell's console ends in the host's log, where an author looks for what nobody awaits.
  const warn = (error: unknown): void => console.warn(`emitter: ${error instanceof Error ? error.message : String(error)}`);
  const on = (channel: Channel, member: string) => (event: string, handler: Handler) => {
    use(member);
    listeners.add(channel, event, handler);
  };
  const off = (channel: Channel) => (event: string, handler: Handler) => listeners.remove(channel, event, handler);
  /** As eventemitter2 counts: every listener of this cell that would hear the event. What others have is not told. */
  const count = (channel: Channel) => (event: string) => {
    if (typeof event !== 'string') return 0;
    const name = parsePattern(event);
    return listeners.count(channel, (pattern) => covers(parsePattern(pattern), name));
  };

  const emitFilter: GuestEmitter['emitFilter'] = async (event, payload, meta) => {
    use('emitFilter');
    let current = payload;
    for (const one of asList(event)) {
      const result = await bridge.call('emitFilter', { event: one, payload: bound(payloadText(current)), meta: bound(metaText(meta)) });
      // An empty list: nobody changed it, so it stays the very object it was.
      if (isArray(result) && hasOwn(result, 0)) current = result[0];
    }
    return current;
  };

  return {
    emitFilter,
    emitAction: (event, meta) => {
      use('emitAction');
      for (const one of asList(event)) {
        const text = bound(metaText(meta));
        bridge.call('emitAction', { event: one, meta: text }).then(undefined, warn);
      }
    },
    emitInit: async (event, meta) => {
      use('emitInit');
      for (const one of asList(event)) {
        try {
          await bridge.call('emitInit', { event: one, meta: bound(metaText(meta)) });
        } catch (error) {
          warn(error);
        }
      }
    },
    onFilter: on('filter', 'onFilter'),
    onAction: on('action', 'onAction'),
    onInit: on('init', 'onInit'),
    offFilter: off('filter'),
    offAction: off('action'),
    offInit: off('init'),
    offAll: () => listeners.removeAll(),
    countFilterListeners: count('filter'),
    countActionListeners: count('action'),
    countInitListeners: count('init'),
  };
};
