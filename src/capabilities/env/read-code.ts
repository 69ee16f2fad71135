// Which keys of env an expression reads: pure. A guess by names; must never be taken for what the code does.
import type { CodeChain, CodeUse } from '../../bridge/capability.ts';

export const readEnvCode = ({ root, steps }: CodeChain): readonly CodeUse[] => {
  const at = steps.findIndex((step) => step.kind === 'member' && step.name === 'env');
  // `env.KEY`, `process.env.KEY`, `context.env.KEY`.
  const rest = /^env\d*$/.test(root) ? steps : at >= 0 && at <= 1 ? steps.slice(at + 1) : null;
  const [first] = rest ?? [];
  if (first?.kind !== 'member') return [];
  if (first.name === null) return ['unclear'];
  return /^[A-Za-z_]\w*$/.test(first.name) && first.name !== 'hasOwnProperty' ? [['keys', first.name]] : [];
};
