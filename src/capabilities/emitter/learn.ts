// Which events were emitted and listened for, read off the ledger: pure. Must never see a payload.

import { covers, parsePattern } from '../../../sandbox/protocol/event-patterns.ts';
import type { GrantLine, Learning } from '../../bridge/capability.ts';
import type { EmitterGrant } from './contract.ts';
import { isCoreName } from './names.ts';
import { readEmitterCode } from './read-code.ts';

/** Without names that a pattern among them covers. */
const namesIn = (lines: readonly GrantLine[], list: 'emit' | 'listen'): string[] => {
  const own = lines.filter(([one]) => one === list);
  const least = own.filter((line) => !own.some((other) => other !== line && coversEvent(other, line)));
  return least.flatMap(([, name]) => (name === undefined ? [] : [name])).toSorted();
};

const coversEvent = ([outerList, outer]: GrantLine, [innerList, inner]: GrantLine): boolean => {
  if (outerList !== innerList) return false;
  if (outer === undefined || inner === undefined) return outer === inner;
  // The host's own events are said only by a grant that spells them out.
  if (outerList === 'emit' && isCoreName(inner)) return outer === inner;
  return covers(parsePattern(outer), parsePattern(inner));
};

const emits: ReadonlySet<string> = new Set(['emitFilter', 'emitAction', 'emitInit']);

export const emitterLearning: Learning<EmitterGrant> = {
  readCode: readEmitterCode,
  observe({ method, args: { channel, event } }) {
    if (channel === 'schedule') return [['schedule']];
    if (typeof event !== 'string') return [];
    if (emits.has(method)) return [['emit', event]];
    return method === 'listen' ? [['listen', event]] : [];
  },
  linesOf: ({ emit = [], listen = [], schedule }) => [
    ...emit.map((name): GrantLine => ['emit', name]),
    ...listen.map((name): GrantLine => ['listen', name]),
    ...(schedule === true ? [['schedule']] : []),
  ],
  covers: coversEvent,
  grantFor(lines) {
    const [emit, listen] = [namesIn(lines, 'emit'), namesIn(lines, 'listen')];
    return {
      ...(emit.length === 0 ? {} : { emit }),
      ...(listen.length === 0 ? {} : { listen }),
      ...(lines.some(([list]) => list === 'schedule') ? { schedule: true } : {}),
    };
  },
};
