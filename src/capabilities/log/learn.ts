// What of a grant of log was used, read off the ledger: pure. Must never see what was written.
import type { GrantLine, Learning } from '../../bridge/capability.ts';
import { type LogGrant, logLevels } from './contract.ts';
import { readLogCode } from './read-code.ts';

const list = 'levels';

export const logLearning: Learning<LogGrant> = {
  readCode: readLogCode,
  observe: ({ method, args: { level } }) => (method === 'write' && typeof level === 'string' ? [[list, level]] : []),
  linesOf({ levels }): readonly GrantLine[] {
    return levels === undefined ? [[list]] : levels.map((level) => [list, level]);
  },
  grantFor(lines) {
    if (lines.some((line) => line.length < 2)) return {};
    const used = new Set(lines.map(([, level]) => level));
    return { levels: logLevels.filter((level) => used.has(level)) };
  },
};
