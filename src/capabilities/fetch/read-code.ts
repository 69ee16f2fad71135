// Where an expression fetches from: pure. A guess by names; must never be taken for what the code does.
import type { CodeChain, CodeUse } from '../../bridge/capability.ts';
import { parseTarget } from './target.ts';

const clients: ReadonlySet<string> = new Set(['fetch', 'axios', 'got', 'ky']);

export const readFetchCode = ({ root, steps }: CodeChain): readonly CodeUse[] => {
  const isOwn = clients.has(root);
  const isGlobal = root === 'globalThis' && steps[0]?.kind === 'member' && steps[0].name === 'fetch';
  const called = steps.find((step) => step.kind === 'call');
  if ((!isOwn && !isGlobal) || called?.kind !== 'call') return [];
  const url = called.args[0];
  const target = typeof url === 'string' ? parseTarget(url) : null;
  return [target === null ? 'unclear' : ['origins', target.origin]];
};
