// Which levels an expression logs at: pure. A guess by names; must never be taken for what the code does.
import type { CodeChain, CodeUse } from '../../bridge/capability.ts';
import { logLevels } from './contract.ts';

const levels: ReadonlySet<string> = new Set(logLevels);
const consoleLevels: ReadonlyMap<string, string> = new Map([
  ['log', 'info'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['error', 'error'],
  ['debug', 'debug'],
  ['trace', 'trace'],
]);

export const readLogCode = ({ root, steps }: CodeChain): readonly CodeUse[] => {
  const names = steps.map((step) => (step.kind === 'member' ? step.name : ''));
  if (root === 'console') {
    const level = consoleLevels.get(names[0] ?? '');
    return level === undefined ? [] : [['levels', level]];
  }
  const at = /^logger\d*$/.test(root) ? 0 : names.indexOf('logger') + 1;
  if (at === 0 && !/^logger\d*$/.test(root)) return [];
  const found = names.slice(at).find((name) => name !== null && levels.has(name));
  return found === undefined || found === null ? [] : [['levels', found]];
};
