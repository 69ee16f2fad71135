// The far end of the global fetch: one call for a request, one more to give it up. Runs in the isolate; must never hold authority.
import type { GuestBridge } from '../../../sandbox/kernel/guest-capability.ts';
import type { FetchResult, RequestArgs } from './contract.ts';

interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface GuestFetch {
  readonly granted: boolean;
  request(args: Omit<RequestArgs, 'tag'>, signal: Signal | null): Promise<FetchResult>;
}

const lastTag = 0x7fffffff;

export const makeGuest = (bridge: GuestBridge): GuestFetch => {
  let tag = 0;
  return {
    granted: bridge.granted,
    request: (args, signal) =>
      new Promise((resolve, reject) => {
        tag = tag >= lastTag ? 1 : tag + 1;
        const own = tag;
        const giveUp = (): void => {
          reject(signal?.reason);
          bridge.call('cancel', { tag: own }).then(undefined, () => undefined);
        };
        const settle = (): void => signal?.removeEventListener('abort', giveUp);
        signal?.addEventListener('abort', giveUp, { once: true });
        bridge.call('request', { ...args, tag: own }).then(
          (result) => {
            settle();
            resolve(result as FetchResult);
          },
          (error: unknown) => {
            settle();
            reject(error);
          },
        );
      }),
  };
};
