// Decides log calls: pure. Must never look at what is written, only at its level.
import type { Policy } from '../../bridge/capability.ts';
import { type LogGrant, logLevels, type WriteArgs } from './contract.ts';

export const makeLogPolicy = (grant: LogGrant): Policy => {
  const levels: ReadonlySet<string> = new Set(grant.levels ?? logLevels);
  return (method, args) => {
    if (method !== 'write') return { allow: false, rule: 'log.method', reason: 'log has the method write only' };
    const { level } = args as WriteArgs;
    if (!levels.has(level))
      return { allow: false, rule: 'log.levels', reason: `the grant does not list the level ${JSON.stringify(level)}; add it to "levels"` };
    return { allow: true, rule: 'log.levels' };
  };
};
