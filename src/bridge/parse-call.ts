// Turns the text of a call into capability, method and arguments. Must never look at a text whose size was not checked.
import { CloisterError } from '../errors.ts';
import type { CapabilityContract, MethodContract } from './capability.ts';

export interface ParsedCall {
  readonly capability: string;
  readonly method: string;
  readonly args: unknown;
}

/** A call that is too large to be looked at. */
export const unread: ParsedCall = { capability: '', method: '', args: null };

/** Its size was checked before. */
export const parseCall = (text: string): ParsedCall => {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    list = null;
  }
  if (!Array.isArray(list) || typeof list[0] !== 'string' || typeof list[1] !== 'string')
    throw new CloisterError('ERR_ARGUMENT_INVALID', 'the call is not [capability, method, args]');
  return { capability: list[0].slice(0, 100), method: list[1].slice(0, 100), args: list[2] };
};

export const findMethod = <Granted extends { readonly contract: CapabilityContract }>(
  origin: { readonly extension: string; readonly capabilities: ReadonlyMap<string, Granted> },
  parsed: ParsedCall,
): { readonly granted: Granted; readonly method: MethodContract } => {
  const granted = origin.capabilities.get(parsed.capability);
  if (granted === undefined)
    throw new CloisterError('ERR_CAPABILITY_NOT_GRANTED', `The capability ${parsed.capability} is not granted to ${origin.extension}.`, {
      capability: parsed.capability,
    });
  const { methods } = granted.contract;
  const method = Object.hasOwn(methods, parsed.method) ? methods[parsed.method] : undefined;
  if (method === undefined)
    throw new CloisterError('ERR_METHOD_UNKNOWN', `The capability ${parsed.capability} has no method ${parsed.method}.`);
  return { granted, method };
};
