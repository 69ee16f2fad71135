// How much a store may hold: the least that any grant says. Pure.
import { CloisterError } from '../../errors.ts';
import { kvBounds } from './bounds.ts';
import type { KvGrant } from './contract.ts';

export type KvQuota = Required<KvGrant>;

const defaults: KvQuota = { maxKeys: kvBounds.keys.value, maxBytes: kvBounds.bytes.value, maxValueBytes: kvBounds.valueBytes.value };

const leastOf = (grants: readonly KvGrant[], size: keyof KvQuota): number => {
  const said = grants.flatMap((grant) => grant[size] ?? []);
  return said.length === 0 ? defaults[size] : Math.min(...said);
};

export const quotaOf = (grants: readonly KvGrant[]): KvQuota => ({
  maxKeys: leastOf(grants, 'maxKeys'),
  maxBytes: leastOf(grants, 'maxBytes'),
  maxValueBytes: leastOf(grants, 'maxValueBytes'),
});

/** What is no longer said is for the other grants to say, and they may say more. */
const coversSize = (wide: number | undefined, narrow: number | undefined, fallback: number): boolean =>
  narrow === undefined ? wide === undefined : narrow <= (wide ?? fallback);

export const coversKv = (wide: KvGrant, narrow: KvGrant): boolean =>
  (Object.keys(defaults) as (keyof KvQuota)[]).every((size) => coversSize(wide[size], narrow[size], defaults[size]));

const over = (limit: keyof KvQuota, allowed: number, used: number): CloisterError =>
  new CloisterError('ERR_STORE_FULL', `kv.set: the store would be over ${limit} (${String(allowed)})`, { limit, allowed, used });

export interface Held {
  readonly keys: number;
  readonly bytes: number;
}

/** What a store holds now, and what it would. One that is over already, because its quota was cut, may still become smaller. */
export const refuseOver = ({ maxKeys, maxBytes }: KvQuota, now: Held, then: Held): void => {
  if (then.keys > maxKeys && then.keys > now.keys) throw over('maxKeys', maxKeys, then.keys);
  if (then.bytes > maxBytes && then.bytes > now.bytes) throw over('maxBytes', maxBytes, then.bytes);
};
