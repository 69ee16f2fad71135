// Which routes an expression adds: pure. A guess by names; must never be taken for what the code does.
import type { CodeChain, CodeUse } from '../../bridge/capability.ts';
import { routerMethods } from './contract.ts';

const verbs: ReadonlyMap<string, string> = new Map(routerMethods.map((method) => [method.toLowerCase(), method]));

/** `/items/:id` → `/items/*`. Anything else than plain names in it can match anything below. */
const patternOf = (path: string): string => {
  const parts = path.split('/').filter((part) => part !== '');
  const at = parts.findIndex((part) => !/^[\w.~-]+$/.test(part));
  return `/${(at < 0 ? parts : [...parts.slice(0, at), '*']).join('/')}`;
};

/** Routers inside routers have paths that are not told here: so what is below a router of their own is left to running. */
export const readRouterCode = ({ root, steps }: CodeChain): readonly CodeUse[] => {
  if (!/^(?:router|app)\d*$/.test(root)) return [];
  return steps.flatMap((step, index): readonly CodeUse[] => {
    if (step.kind === 'member' && step.name === 'use') return ['unclear'];
    const method = step.kind === 'member' ? verbs.get(step.name ?? '') : undefined;
    const next = steps[index + 1];
    if (method === undefined || next?.kind !== 'call') return [];
    const path = next.args[0];
    return [['methods', method], path === null || path === undefined ? 'unclear' : ['paths', patternOf(path)]];
  });
};
