// Whether what code of an embedder gives as quotas is one. Must never let a rule pass that would limit nothing.
import { quotaNames } from './quota-table.ts';

const isCount = (value: unknown, least: number): boolean => Number.isInteger(value) && (value as number) >= least;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const findRuleFault = (place: string, rule: unknown): string | null => {
  if (!isObject(rule) || !isCount(rule['most'], 0) || !isCount(rule['perSeconds'], 1))
    return `${place} is no { most: 0 or more, perSeconds: 1 or more }`;
  const more = Object.keys(rule).find((key) => key !== 'most' && key !== 'perSeconds');
  return more === undefined ? null : `${place} has no key ${JSON.stringify(more)}`;
};

const findScopeFault = (scope: string, rules: unknown): string | null => {
  if (scope !== 'tenant' && scope !== 'extension') return `quotas has no key ${JSON.stringify(scope)}; there are tenant and extension`;
  if (rules === undefined) return null;
  if (!isObject(rules)) return `quotas.${scope} is no object`;
  for (const [name, rule] of Object.entries(rules)) {
    if (!(quotaNames as readonly string[]).includes(name))
      return `quotas.${scope} has no ${JSON.stringify(name)}; there are ${quotaNames.join(', ')}`;
    const fault = rule === undefined ? null : findRuleFault(`quotas.${scope}.${name}`, rule);
    if (fault !== null) return fault;
  }
  return null;
};

/** null: it holds. */
export const findFault = (quotas: unknown): string | null => {
  if (!isObject(quotas)) return 'quotas is no object';
  for (const [scope, rules] of Object.entries(quotas)) {
    const fault = findScopeFault(scope, rules);
    if (fault !== null) return fault;
  }
  return null;
};
