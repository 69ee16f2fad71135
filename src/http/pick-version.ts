// Which of two versions takes a request. Must never send one client now here, now there where it is known who it is.
import { createHash, randomInt } from 'node:crypto';
import type { Accountability } from '../bridge/capability.ts';
import type { Identity } from '../config/runtime-options.ts';
import type { Mount, Mounted } from './mounted.ts';

/** Shares are told apart to a millionth. */
const parts = 1_000_000;

/** Who asks, as far as the host knows: Directus and its like put the person's id into `user`, beside what differs from request to request. */
const clientOf = (accountability: NonNullable<Accountability>): string => {
  const user = Object.hasOwn(accountability, 'user') ? accountability['user'] : undefined;
  return typeof user === 'string' || typeof user === 'number' ? String(user) : JSON.stringify(accountability);
};

/** Where a client stands among all, from 0 to `parts`: the same for as long as the canary is the same, on every host. A larger share keeps those it had. */
const placeOf = (artifact: string, { tenant, accountability }: Identity): number => {
  if (accountability === null) return randomInt(parts);
  const digest = createHash('sha256')
    .update(JSON.stringify([artifact, tenant, clientOf(accountability)]))
    .digest();
  return digest.readUIntBE(0, 6) % parts;
};

/** One client told from another, without a word of who it is; null: nobody knows. */
export const clientKeyOf = ({ tenant, accountability }: Identity): string | null =>
  accountability === null
    ? null
    : createHash('sha256')
        .update(JSON.stringify([tenant, clientOf(accountability)]))
        .digest('base64');

export const pickVersion = ({ current, canary }: Mounted, identity: Identity): Mount => {
  if (canary === null) return current;
  return placeOf(canary.mount.extension.artifact, identity) < canary.share * parts ? canary.mount : current;
};
