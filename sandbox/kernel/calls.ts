// Capability calls from the guest: numbered, counted, answered. Must never hold authority: what is refused here is refused on the host too.
import { IdTable } from '../protocol/id-table.ts';
import { fromGuest, type KernelLimits } from '../protocol/kinds.ts';
import type { BridgeSession, GuestBridge } from './guest-capability.ts';
import { NativeError, nativePromise, parseJson, push, shift, slice, stringifyJson } from './intrinsics.ts';
import type { Lease } from './lease.ts';
import { post } from './pipe.ts';
import { isDefinition } from './schema-cache.ts';
import { currentZone, type Zone } from './zone.ts';

interface PendingCall {
  readonly lease: Lease;
  readonly isDefinition: boolean;
  readonly isStep: boolean;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

interface CallFailure {
  /** Where it is a service's own error, by which Directus code knows it. */
  readonly name?: string;
  readonly code: string;
  readonly message: string;
  readonly status?: number;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** The error a guest catches: `code`, `status` and `extensions` as Directus's own errors have them. */
export const makeCallError = (failure: CallFailure): Error =>
  Object.assign(new NativeError(failure.message), {
    ...(failure.name === undefined ? {} : { name: failure.name }),
    code: failure.code,
    status: failure.status ?? 500,
    extensions: failure.extensions ?? {},
  });

export interface Calls {
  bridgeFor(capability: string, boot: unknown, granted: boolean): GuestBridge;
  /** A result frame came. */
  settle(call: number, ok: boolean, text: string, bytes: string | Uint8Array | null): void;
}

/** `onDefinition` is called when a statement has ended that may have changed a table. */
export const makeCalls = (limits: () => KernelLimits, onDefinition: () => void): Calls => {
  const pending = new IdTable<PendingCall>();
  let lastCall = 0;

  /** What is over the limit need not cross: one character more than allowed, and the host sees the breach, records and refuses it. */
  const encode = (capability: string, method: string, args: unknown): string => {
    const text = stringifyJson([capability, method, args]) ?? '';
    return text.length > limits().callBytes ? slice(text, 0, limits().callBytes + 1) : text;
  };

  const dispatch = (lease: Lease, text: string, call: PendingCall, bytes: Uint8Array | null = null): void => {
    if (!call.isStep) lease.pending += 1;
    lastCall = lastCall >= 0x3fffffff ? 1 : lastCall + 1;
    pending.set(lastCall, call);
    post(fromGuest.call, lease.id, lastCall, text, bytes);
  };

  const call = (capability: string, method: string, args: unknown, { lease }: Pick<Zone, 'lease'>, sent?: () => void): Promise<unknown> =>
    new nativePromise<unknown>((resolve, reject) => {
      lease.calls += 1;
      // The first over the limit goes to the host: a breach is on record.
      if (lease.calls > limits().hostCalls + 1) {
        throw makeCallError({
          code: 'ERR_CALLS_EXCEEDED',
          message: `the request made more than ${limits().hostCalls} capability calls`,
          status: 429,
        });
      }
      const text = encode(capability, method, args);
      const made: PendingCall = { lease, isDefinition: isDefinition(capability, args), isStep: false, resolve, reject };
      // As a connection pool would: what is over the limit waits its turn inside the guest.
      const leave = (): void => {
        dispatch(lease, text, made);
        sent?.();
      };
      if (lease.pending >= limits().callsPending) push(lease.waiting, leave);
      else leave();
    });

  const session = (capability: string): BridgeSession => {
    const { lease } = currentZone();
    return {
      call: (method, args, sent) => call(capability, method, args, { lease }, sent),
      step: (method, args, bytes = null) =>
        new nativePromise<unknown>((resolve, reject) => {
          dispatch(lease, encode(capability, method, args), { lease, isDefinition: false, isStep: true, resolve, reject }, bytes);
        }),
    };
  };

  const send = (capability: string, method: string, args: unknown): void => {
    const { lease } = currentZone();
    // The first over the limit goes to the host, which puts the breach on record; the rest does not leave the cell.
    if (lease.logLines > limits().logLines || lease.logBytes > limits().logBytes) return;
    const text = encode(capability, method, args);
    lease.logLines += 1;
    lease.logBytes += text.length;
    post(fromGuest.send, lease.id, 0, text, null);
  };

  return {
    bridgeFor: (capability, boot, granted) => ({
      call: (method, args) => call(capability, method, args, currentZone()),
      session: () => session(capability),
      send: (method, args) => send(capability, method, args),
      note: (method, args) => post(fromGuest.send, currentZone().lease.id, 0, encode(capability, method, args), null),
      boot,
      granted,
    }),
    settle: (id, ok, text, bytes) => {
      const made = pending.get(id);
      if (made === undefined) return;
      pending.delete(id);
      if (!made.isStep) {
        made.lease.pending -= 1;
        shift(made.lease.waiting)?.();
      }
      if (made.isDefinition) onDefinition();
      const value = ok && text !== '' ? parseJson(text) : undefined;
      if (ok) made.resolve(bytes === null ? value : [value, bytes]);
      else made.reject(makeCallError(parseJson(text) as CallFailure));
    },
  };
};
