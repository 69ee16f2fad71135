// The far end of the global fetch: one call for a request, steps for the pieces of its bodies. Runs in the isolate; must never hold authority.
import type { BridgeSession, GuestBridge } from '../../../sandbox/kernel/guest-capability.ts';
import type { BodySource, Egress, Incoming, Outgoing } from '../../../sandbox/platform/hooks.ts';
import type { FetchResult } from './contract.ts';

interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

const lastTag = 0x7fffffff;
/** What the host takes at once. */
const pieceBytes = 65_536;
const ignore = (): undefined => undefined;

/** Sends what the source gives, one piece after the other. Resolves where the host takes no more; rejects where the source fails. */
const pump = async (session: BridgeSession, tag: number, source: BodySource): Promise<void> => {
  for (;;) {
    const given = await source.read();
    const pieces =
      given === null
        ? [null]
        : Array.from({ length: Math.ceil(given.length / pieceBytes) }, (_, at) => given.subarray(at * pieceBytes, (at + 1) * pieceBytes));
    for (const piece of pieces)
      try {
        await session.step('write', { tag, last: piece === null }, piece);
      } catch (error) {
        // The request itself says why.
        return source.cancel(error);
      }
    if (given === null) return;
  }
};

const readerOf = (session: BridgeSession, tag: number, first: Uint8Array | null, signal: Signal | null): BodySource => {
  let next = first !== null && first.length > 0 ? first : null;
  let isOver = false;
  let failAll: ((error: unknown) => void) | null = null;
  const giveUp = (): void => {
    if (isOver) return;
    isOver = true;
    session.step('cancel', { tag }).then(ignore, ignore);
    failAll?.(signal?.reason);
  };
  signal?.addEventListener('abort', giveUp, { once: true });
  const settle = (): void => {
    isOver = true;
    signal?.removeEventListener('abort', giveUp);
  };
  const ask = (): Promise<Uint8Array | null> =>
    new Promise((resolve, reject) => {
      failAll = reject;
      session.step('read', { tag }).then(
        (result) => {
          const bytes = Array.isArray(result) ? (result[1] as Uint8Array) : null;
          if (bytes === null) settle();
          resolve(bytes);
        },
        (error: unknown) => {
          settle();
          reject(signal?.aborted === true ? signal.reason : error);
        },
      );
    });
  return {
    bytes: null,
    read: async () => {
      if (signal?.aborted === true) throw signal.reason;
      const known = next;
      next = null;
      if (known !== null) return known;
      return isOver ? null : await ask();
    },
    cancel: () => {
      giveUp();
      settle();
    },
  };
};

const incomingOf = (session: BridgeSession, tag: number, given: unknown, signal: Signal | null): Incoming => {
  const [result, bytes] = (Array.isArray(given) ? given : [given, null]) as unknown as readonly [FetchResult, Uint8Array | null];
  const { body } = result;
  if (body === null || 'text' in body) return { ...result, body };
  if ('stream' in body && body.stream) return { ...result, body: { source: readerOf(session, tag, bytes, signal) } };
  return { ...result, body: bytes === null ? null : { bytes } };
};

export const makeGuest = (bridge: GuestBridge): Egress => {
  let tag = 0;
  return {
    granted: bridge.granted,
    request: ({ body, ...head }: Outgoing, given) =>
      new Promise((resolve, reject) => {
        const signal = given as Signal | null;
        const session = bridge.session();
        tag = tag >= lastTag ? 1 : tag + 1;
        const own = tag;
        const source = body !== undefined && 'source' in body ? body.source : null;
        const giveUp = (): void => {
          const reason = signal?.reason;
          reject(reason);
          source?.cancel(reason);
          session.step('cancel', { tag: own }).then(ignore, ignore);
        };
        const settle = (): void => signal?.removeEventListener('abort', giveUp);
        signal?.addEventListener('abort', giveUp, { once: true });
        const failBody = (error: unknown): void => {
          settle();
          reject(error);
          session.step('cancel', { tag: own }).then(ignore, ignore);
        };
        const sent = source === null ? body : { stream: true as const, ...(source.bytes === null ? {} : { bytes: source.bytes }) };
        const args = { ...head, tag: own, ...(sent === undefined ? {} : { body: sent }) };
        const start = source === null ? undefined : (): void => void pump(session, own, source).then(ignore, failBody);
        session.call('request', args, start).then(
          (result) => {
            settle();
            resolve(incomingOf(session, own, result, signal));
          },
          (error: unknown) => {
            settle();
            source?.cancel(error);
            reject(error);
          },
        );
      }),
  };
};
