// Turns the text of a call into capability, method and arguments. Must never look at a text whose size was not checked.
import { CloisterError } from '../errors.ts';
import type { CapabilityContract, CapabilityInstance, MethodContract } from './capability.ts';

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

/** Throws ERR_ARGUMENT_INVALID where what came with the call is not what the method takes. */
export const checkArguments = (
  granted: { check(method: string, args: unknown): string | null },
  method: MethodContract,
  parsed: ParsedCall,
  bytes: Uint8Array | null,
  call: number,
): void => {
  // Without an id its end would be on no record, and nobody would be charged for what it read.
  if (method.reply && call === 0) throw new CloisterError('ERR_ARGUMENT_INVALID', 'A call that is answered needs an id.');
  const complaint = bytes !== null && method.bytes !== true ? 'it takes no bytes' : granted.check(parsed.method, parsed.args);
  if (complaint !== null) throw new CloisterError('ERR_ARGUMENT_INVALID', `${parsed.capability}.${parsed.method}: ${complaint}`);
};

/** What the ledger tells of the arguments. */
export const summarize = (
  { instance }: { readonly instance: CapabilityInstance },
  method: MethodContract,
  { method: name, args }: ParsedCall,
  tenant: string,
): Readonly<Record<string, unknown>> =>
  instance.summarize === undefined
    ? method.summarize(args, tenant)
    : { ...method.summarize(args, tenant), ...instance.summarize(name, args, tenant) };
