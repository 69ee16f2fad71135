// Decides who may emit and listen for what: pure. Must never look at a payload.
import { covers, parsePattern } from '../../../sandbox/protocol/event-patterns.ts';
import type { Decision, Policy } from '../../bridge/capability.ts';
import type { EmitArgs, EmitterGrant, ListenArgs } from './contract.ts';
import { isCoreName } from './names.ts';

const allow = (rule: string): Decision => ({ allow: true, rule });
const deny = (rule: string, reason: string): Decision => ({ allow: false, rule, reason });

export const makeEmitterPolicy = (grant: EmitterGrant): Policy => {
  const emit = (grant.emit ?? []).map(parsePattern);
  const listen = (grant.listen ?? []).map(parsePattern);
  const spelledOut = new Set(grant.emit ?? []);

  const decideEmit = ({ event }: EmitArgs): Decision => {
    const name = parsePattern(event);
    if (!emit.some((pattern) => covers(pattern, name)))
      return deny('emitter.emit', `the grant does not list the event ${event}; add it to "emit"`);
    if (isCoreName(event) && !spelledOut.has(event))
      return deny('emitter.core', `${event} is the host's own event; only a grant that spells it out in "emit" lets an extension say it`);
    return allow('emitter.emit');
  };

  const decideListen = ({ channel, event }: ListenArgs): Decision => {
    if (channel === 'schedule')
      return grant.schedule === true
        ? allow('emitter.schedule')
        : deny('emitter.schedule', 'the grant does not allow schedules; add "schedule": true');
    const wanted = parsePattern(event);
    return listen.some((pattern) => covers(pattern, wanted))
      ? allow('emitter.listen')
      : deny('emitter.listen', `the grant does not list the event ${event}; add it to "listen"`);
  };

  return (method, args) => {
    switch (method) {
      case 'emitFilter':
      case 'emitAction':
      case 'emitInit':
        return decideEmit(args as EmitArgs);
      case 'listen':
        return decideListen(args as ListenArgs);
      case 'unlisten':
        return allow('emitter.unlisten');
      default:
        return deny('emitter.method', 'emitter has no such method');
    }
  };
};
