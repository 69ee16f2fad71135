// Whether what an embedder's `resolveTenant` gave is an answer. Must never take one in part: what cannot be read is refused whole.
import { findFault } from '../quotas/check-quotas.ts';
import type { TenantSettings } from './tenant-book.ts';

const leastWeight = 0.01;
const mostWeight = 1_000;

const isWeight = (value: unknown): boolean => typeof value === 'number' && value >= leastWeight && value <= mostWeight;

/** Throws a TypeError that says what is wrong with it. */
export const checkSettings = (tenant: string, value: unknown): TenantSettings => {
  const refuse = (what: string): never => {
    throw new TypeError(`resolveTenant(${JSON.stringify(tenant)}) must give { extensions?: ids, quotas?, weight? }: ${what}`);
  };
  if (typeof value !== 'object' || value === null) return refuse('it gave no object');
  const { extensions, quotas, weight } = value as TenantSettings;
  if (extensions !== undefined && !(Array.isArray(extensions) && extensions.every((id) => typeof id === 'string')))
    return refuse('extensions is no list of texts');
  if (weight !== undefined && !isWeight(weight)) return refuse(`weight is no number from ${String(leastWeight)} to ${String(mostWeight)}`);
  const fault = quotas === undefined ? null : findFault(quotas);
  if (fault !== null) return refuse(fault);
  return value as TenantSettings;
};
