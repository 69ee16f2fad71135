// Gives an extension's events to the bus. Must never let an event leave its caller's tenant: the bus gets the caller, and no tenant from the guest.
import type { Caller, CallResult, Capability } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import type { Limits } from '../../limits/table.ts';
import {
  type EmitArgs,
  type EmitFilterArgs,
  type EmitterBoot,
  type EmitterGrant,
  emitterContract,
  type ListenArgs,
  type UnlistenArgs,
} from './contract.ts';
import { coversEmitter } from './covers.ts';
import { emitterLearning } from './learn.ts';
import { makeEmitterPolicy } from './policy.ts';

/** What carries events between the extensions of a tenant. Texts are JSON. */
export interface EventBus {
  /** null: nobody changed the payload. */
  emitFilter(caller: Caller, event: string, payload: string, meta: string): Promise<string | null>;
  /** Throws or rejects where the event is refused; a promise resolves once it is written down. */
  emitAction(caller: Caller, event: string, meta: string): Promise<void> | undefined;
  emitInit(caller: Caller, event: string, meta: string): Promise<void>;
  listen(caller: Caller, listener: ListenArgs): void;
  unlisten(caller: Caller, listener: number): void;
}

export interface EmitterResources {
  readonly events: EventBus;
  readonly limits: Limits;
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const isJsonObject = (text: string): boolean => text.startsWith('{') && isJson(text);
const nothing: CallResult = { json: 'null' };

export const emitterCapability: Capability<EmitterResources, EmitterGrant> = {
  contract: emitterContract,
  learning: emitterLearning,
  makePolicy: makeEmitterPolicy,
  covers: coversEmitter,
  open(_extension, _grants, { events, limits: { eventBytes: most } }) {
    const check = (method: string, caller: Caller, meta: string, payload = ''): void => {
      const eventBytes = Math.min(most, caller.limits?.eventBytes ?? most);
      const chars = meta.length + payload.length;
      if (chars > eventBytes)
        throw new CloisterError('ERR_ARGUMENT_INVALID', `emitter.${method}: the event is over the limit eventBytes (${eventBytes})`, {
          limit: 'eventBytes',
          allowed: eventBytes,
          used: chars,
        });
      if (!isJsonObject(meta))
        throw new CloisterError('ERR_ARGUMENT_INVALID', `emitter.${method}: "meta" is not the JSON text of an object`);
      if (payload !== '' && !isJson(payload))
        throw new CloisterError('ERR_ARGUMENT_INVALID', `emitter.${method}: "payload" is not JSON text`);
    };
    const emitFilter = async (caller: Caller, { event, payload, meta }: EmitFilterArgs): Promise<CallResult> => {
      check('emitFilter', caller, meta, payload);
      const changed = await events.emitFilter(caller, event, payload, meta);
      return { json: changed === null ? '[]' : `[${changed}]` };
    };
    const emitInit = async (caller: Caller, { event, meta }: EmitArgs): Promise<CallResult> => {
      check('emitInit', caller, meta);
      await events.emitInit(caller, event, meta);
      return nothing;
    };
    return Promise.resolve({
      call(method, args, caller) {
        switch (method) {
          case 'emitFilter':
            return emitFilter(caller, args as EmitFilterArgs);
          case 'emitInit':
            return emitInit(caller, args as EmitArgs);
          case 'emitAction': {
            const { event, meta } = args as EmitArgs;
            check('emitAction', caller, meta);
            const written = events.emitAction(caller, event, meta);
            return written === undefined ? nothing : written.then(() => nothing);
          }
          case 'listen':
            events.listen(caller, args as ListenArgs);
            return nothing;
          default:
            events.unlisten(caller, (args as UnlistenArgs).listener);
            return nothing;
        }
      },
      bootValue: (): EmitterBoot => ({ eventBytes: most }),
      close: () => Promise.resolve(),
    });
  },
};
