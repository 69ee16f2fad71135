// Whether what an embedder's `resolveTenant` gave is an answer. Must never take one in part: what cannot be read is refused whole.
import { type Limits, limitTable } from '../limits/table.ts';
import { findFault } from '../quotas/check-quotas.ts';
import type { TenantSettings } from './tenant-book.ts';

/** Throws where there is no such capability, or the grant, unless it is false, is none of it; `where` names its place. */
export type CheckGrant = (capability: string, grant: unknown, where: string) => void;

const leastWeight = 0.01;
const mostWeight = 1_000;

const keys: ReadonlySet<string> = new Set<keyof TenantSettings>(['extensions', 'quotas', 'weight', 'grants', 'limits', 'vars']);

const isWeight = (value: unknown): boolean => typeof value === 'number' && value >= leastWeight && value <= mostWeight;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mostVars = 64;
const mostVarChars = 1_000;
const varName = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

const isVar = (value: unknown): boolean =>
  (typeof value === 'string' && value.length <= mostVarChars && !value.includes('\0')) ||
  typeof value === 'boolean' ||
  Number.isFinite(value);

const findVarsFault = (vars: unknown): string | null => {
  if (!isObject(vars)) return 'vars is no object';
  const all = Object.entries(vars);
  if (all.length > mostVars) return `vars has more than ${String(mostVars)}`;
  for (const [name, value] of all) {
    if (!varName.test(name))
      return `vars has the name ${JSON.stringify(name)}; a name is a letter or _, then letters, digits and _, at most 63`;
    if (!isVar(value)) return `vars.${name} is no text of at most ${String(mostVarChars)} characters, number, true or false`;
  }
  return null;
};

const findLimitFault = (place: string, limits: unknown): string | null => {
  if (!isObject(limits)) return `${place} is no object`;
  for (const [name, value] of Object.entries(limits)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(limitTable, name)) return `${place} has no limit ${JSON.stringify(name)}; docs/limits.md has those there are`;
    const { floor, ceiling } = limitTable[name as keyof Limits];
    if (!Number.isInteger(value) || (value as number) < floor || (value as number) > ceiling)
      return `${place}.${name} is no whole number from ${String(floor)} to ${String(ceiling)}`;
  }
  return null;
};

/** Throws a TypeError that says where and what is wrong with it, and what would do. */
export const checkSettings = (tenant: string, value: unknown, checkGrant: CheckGrant): TenantSettings => {
  const asked = `resolveTenant(${JSON.stringify(tenant)})`;
  const refuse = (what: string): never => {
    throw new TypeError(`${asked} must give { ${[...keys].map((key) => `${key}?`).join(', ')} }: ${what}`);
  };
  if (!isObject(value)) return refuse('it gave no object');
  // One that is misspelt would give what its writer meant to take.
  const strange = Object.keys(value).find((key) => !keys.has(key));
  if (strange !== undefined) return refuse(`there is no key ${JSON.stringify(strange)}; leave it out`);
  const { extensions, quotas, weight, grants, limits, vars } = value as Readonly<Record<keyof TenantSettings, unknown>>;
  if (extensions !== undefined && !(Array.isArray(extensions) && extensions.every((id) => typeof id === 'string')))
    return refuse('extensions is no list of texts');
  if (weight !== undefined && !isWeight(weight)) return refuse(`weight is no number from ${String(leastWeight)} to ${String(mostWeight)}`);
  const fault = (quotas === undefined ? null : findFault(quotas)) ?? (vars === undefined ? null : findVarsFault(vars));
  if (fault !== null) return refuse(fault);
  for (const [name, given] of Object.entries({ grants, limits }))
    if (given !== undefined && !isObject(given)) return refuse(`${name} is no object; its keys are ids of extensions, or * for all`);
  for (const [id, given] of Object.entries((limits ?? {}) as object)) {
    const found = findLimitFault(`limits[${JSON.stringify(id)}]`, given);
    if (found !== null) return refuse(found);
  }
  for (const [id, given] of Object.entries((grants ?? {}) as object)) {
    const place = `grants[${JSON.stringify(id)}]`;
    if (!isObject(given)) return refuse(`${place} is no object of capabilities`);
    for (const [capability, grant] of Object.entries(given)) checkGrant(capability, grant, `${asked}.${place}.${capability}`);
  }
  return value as TenantSettings;
};
