// `getSchema` as an extension knows it. Runs in the isolate; what it gives is the guest's own copy, and no host call ever takes it back.
import type { GuestBridge } from '../../../sandbox/kernel/guest-capability.ts';

/** `options` of Directus (another database, no cache) mean nothing here: the host decides both. */
export const makeGuest =
  (bridge: GuestBridge): ((options?: unknown) => Promise<unknown>) =>
  () =>
    bridge.call('read', {});
