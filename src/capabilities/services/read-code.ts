// Which services an expression makes: pure. A guess by names; must never be taken for what the code does.
import type { CodeChain, CodeUse } from '../../bridge/capability.ts';

/** `new services.ItemsService('articles', …)`, `new ItemsService('articles', …)`. Methods are called on what it gives, which only running shows. */
export const readServicesCode = ({ root, steps }: CodeChain): readonly CodeUse[] => {
  const named = steps.findIndex((step) => step.kind === 'member' && /Service$/.test(step.name ?? ''));
  const step = steps[named];
  const service = step?.kind === 'member' ? step.name : /Service\d*$/.test(root) ? root.replace(/\d+$/, '') : null;
  if (service === null) return [];
  const made = steps[named + 1];
  if (made?.kind !== 'new') return [];
  const collection = made.args[0];
  const method = steps[named + 2];
  return [
    method?.kind === 'member' && method.name !== null ? [service, 'methods', method.name] : [service, 'methods'],
    ...(typeof collection === 'string' ? [[service, 'collections', collection] as const] : []),
  ];
};
