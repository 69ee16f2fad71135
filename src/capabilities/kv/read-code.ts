// Whether an expression uses the store: pure. A guess by names; must never be taken for what the code does.
import type { CodeChain, CodeUse } from '../../bridge/capability.ts';

const methods: ReadonlySet<string> = new Set(['get', 'entry', 'set', 'delete', 'list']);

export const readKvCode = ({ root, steps }: CodeChain): readonly CodeUse[] => {
  const at = /^kv\d*$/.test(root) ? 0 : steps.findIndex((step) => step.kind === 'member' && step.name === 'kv') + 1;
  if (at === 0 && !/^kv\d*$/.test(root)) return [];
  const step = steps[at];
  return step?.kind === 'member' && methods.has(step.name ?? '') ? [[]] : [];
};
