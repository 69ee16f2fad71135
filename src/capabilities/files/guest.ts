// Which of the package's own files an extension sees. Runs in the isolate; must never see anything but what its script carries.
import type { GuestBridge } from '../../../sandbox/kernel/guest-capability.ts';
import { coversPath } from '../../../sandbox/protocol/file-paths.ts';
import type { FilesBoot } from './contract.ts';

export interface GuestFiles {
  /** Whether every grant covers it. */
  allows(path: string): boolean;
  /** It is read: once each, for the ledger. */
  note(path: string): void;
}

export const makeGuest = (bridge: GuestBridge): GuestFiles => {
  const grants = (bridge.boot ?? []) as FilesBoot;
  const noted = new Set<string>();
  return {
    allows: (path) => grants.length > 0 && grants.every((paths) => paths.some((one) => coversPath(one, path))),
    note: (path) => {
      if (noted.has(path)) return;
      noted.add(path);
      bridge.note('read', { path });
    },
  };
};
