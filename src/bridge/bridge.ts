// The choke point: every call of every capability passes here and nowhere else. Must never let a call through that is not alive, small enough, parsed, granted, counted, checked, allowed and recorded, in this order.
import { hash } from 'node:crypto';
import { CloisterError } from '../errors.ts';
import type { Limits } from '../limits/table.ts';
import { bridgeBounds } from './bounds.ts';
import { asPublic, errorJson, exceededResult, isTellable, outcomeOf } from './call-error.ts';
import { type CallLease, firstNestedCall } from './call-lease.ts';
import type { CallEnd, CallResult, CapabilityContract, CapabilityInstance, MethodContract, Nested } from './capability.ts';
import { checkArguments, findMethod, type ParsedCall, parseCall, summarize, unread } from './parse-call.ts';
import { exceeded, spend, suppressed } from './spend.ts';
import { type Judges, judge } from './verdict.ts';

/** A capability as one extension has it. */
export interface Granted extends Judges {
  readonly contract: CapabilityContract;
  /** Checks arguments by their schema; null when they fit, else what is wrong. */
  check(method: string, args: unknown): string | null;
  readonly instance: CapabilityInstance;
  /** The same under one more grant, which was checked by the contract's schema. Throws where it cannot hold. */
  narrow(grant: unknown): Granted;
}

export interface Bridge {
  /** `reply` gets the result's JSON or the error's. It is not called where no answer is wanted (`call` 0). */
  call(origin: CallOrigin, lease: CallLease | null, call: number, text: string, bytes: Uint8Array | null, reply: Reply): void;
}

type Reply = (ok: boolean, json: string, bytes: Uint8Array | null) => void;

/** The cell a call came from: what the host knows even when the call belongs to no live request. */
export interface CallOrigin {
  readonly extension: string;
  readonly tenant: string;
  readonly limits: Limits;
  readonly capabilities: ReadonlyMap<string, Granted>;
  /** Records a call that belongs to no live request. */
  recordStray(capability: string, method: string): void;
}

const leaseOver = (): CloisterError => new CloisterError('ERR_LEASE_OVER', 'The request this call belongs to has ended.');

interface Admitted {
  readonly granted: Granted;
  readonly lease: CallLease;
  readonly parsed: ParsedCall;
  readonly isStep: boolean;
  readonly hasEffect: boolean;
  readonly bytes: Uint8Array | null;
}

/** What comes with a call. */
interface CallInput {
  readonly text: string;
  readonly bytes: Uint8Array | null;
}

/** Says once, in the place of what is over the limit, that there was more. */
const sayOverflow = (lease: CallLease, { instance }: Granted, name: string, { overflow }: MethodContract): void => {
  lease.logOver = true;
  if (overflow === undefined) return;
  Promise.resolve()
    .then(() => instance.call(name, overflow, lease))
    .catch(() => undefined);
};

export const makeBridge = (onFault: (error: unknown, origin: CallOrigin) => void): Bridge => {
  /** A log that cannot take an error must neither keep the guest waiting nor end the host. */
  const tellFault = (error: unknown, origin: CallOrigin): void => {
    try {
      onFault(error, origin);
    } catch {
      // The call's end is on the ledger.
    }
  };
  /** `cause` is the call on whose behalf a host side makes this one; null for the guest's own. */
  const admit = (origin: CallOrigin, lease: CallLease | null, { text, bytes }: CallInput, call: number, cause: number | null): Admitted => {
    // What comes after an answer finds its request over, whether or not that may leave yet.
    if (lease === null || lease.isOver || (lease.isEnding && cause === null)) {
      const { capability, method } = text.length > origin.limits.callBytes ? unread : parseCall(text);
      if (lease === null) origin.recordStray(capability, method);
      else recordDenied(lease, call, { capability, method }, 'lease.over');
      throw leaseOver();
    }
    let parsed: ParsedCall = unread;
    try {
      const { callBytes } = origin.limits;
      const size = text.length + (bytes?.length ?? 0);
      if (size > callBytes) throw exceeded(lease, 'ERR_ARGUMENT_INVALID', 'callBytes', callBytes, size);
      parsed = parseCall(text);
      const { granted, method } = findMethod(origin, parsed);
      // What was told once is refused without a word from then on: a flood must not become one of records.
      if (!method.reply && method.note !== true && lease.logOver) throw suppressed;
      try {
        spend(lease, method, text.length, cause !== null);
      } catch (error) {
        if (!method.reply && method.note !== true) sayOverflow(lease, granted, parsed.method, method);
        throw error;
      }
      // Judging is host time: a text that is made to be slow to judge is paid for as the guest's own would be.
      const judgingMs = Math.max(lease.limits.cpuMs, bridgeBounds.judgingMs.value);
      if (lease.judgingMs > judgingMs) throw exceeded(lease, 'ERR_CPU_EXCEEDED', 'cpuMs', judgingMs, Math.round(lease.judgingMs));
      const judgedFrom = performance.now();
      checkArguments(granted, method, parsed, bytes, call);
      const admitted = { granted, lease, parsed, isStep: method.step === true, hasEffect: false, bytes };
      if (admitted.isStep) {
        lease.judgingMs += performance.now() - judgedFrom;
        return admitted;
      }
      const verdict = judge(granted, parsed.method, parsed.args, lease.tenant);
      lease.judgingMs += performance.now() - judgedFrom;
      lease.recordStrictly({
        kind: 'call.start',
        call,
        ...(cause === null ? {} : { cause }),
        capability: parsed.capability,
        method: parsed.method,
        args: summarize(granted, method, parsed, lease.tenant),
        digest: hash('sha256', text).slice(0, 16),
        decision: verdict.decision,
        rule: verdict.rule,
        ...(verdict.candidate === undefined ? {} : { candidate: verdict.candidate }),
      });
      if (verdict.decision === 'deny') {
        lease.span?.denied(parsed.capability, parsed.method, verdict.rule);
        throw new CloisterError('ERR_CAPABILITY_DENIED', `${parsed.capability}.${parsed.method}: ${verdict.reason}`, {
          capability: parsed.capability,
          rule: verdict.rule,
        });
      }
      const hasEffect = method.effect(parsed.args, lease.tenant);
      lease.effects ||= hasEffect;
      return { ...admitted, hasEffect };
    } catch (error) {
      const isOurs = error instanceof CloisterError && error !== suppressed;
      if (isOurs && error.code !== 'ERR_CAPABILITY_DENIED' && error.code !== 'ERR_LEDGER_UNAVAILABLE')
        recordDenied(lease, call, parsed, error.code);
      throw error;
    }
  };

  const recordDenied = (lease: CallLease, call: number, parsed: Omit<ParsedCall, 'args'>, rule: string): void =>
    lease.record({
      kind: 'call.start',
      call,
      capability: parsed.capability,
      method: parsed.method,
      args: {},
      digest: '',
      decision: 'deny',
      rule,
    });

  const finish = (
    { lease, isStep }: Admitted,
    call: number,
    startedAt: number,
    outcome: string,
    result: CallResult | null,
    end?: CallEnd,
  ): void => {
    // What wants no answer has no end worth an entry of its own; a step has its call's.
    if (call === 0 || isStep) return;
    lease.record({
      kind: 'call.end',
      call,
      outcome,
      rows: result?.rows ?? 0,
      bytes: result?.json.length ?? 0,
      ...(end === undefined ? {} : { received: end.received, sent: end.sent }),
      wallMs: Math.round((performance.now() - startedAt) * 1000) / 1000,
    });
  };

  /** Does what was admitted, and puts on record how it ended. `done` or `failed` is called once. */
  const perform = (
    origin: CallOrigin,
    admitted: Admitted,
    call: number,
    nested: Nested | undefined,
    done: (result: CallResult) => void,
    failed: (error: unknown) => void,
  ): void => {
    const { granted, lease, parsed, isStep, hasEffect, bytes } = admitted;
    const { runs } = lease;
    const startedAt = performance.now();
    const span = isStep ? undefined : lease.span?.call(parsed.capability, parsed.method);
    const succeed = (result: CallResult): void => {
      const size = result.json.length + (result.bytes?.length ?? 0);
      if (size > origin.limits.resultBytes) return giveUp(result, exceededResult(origin.limits));
      if (result.onEnd === undefined) finish(admitted, call, startedAt, 'ok', result);
      else result.onEnd((end) => finish(admitted, call, startedAt, end.outcome, result, end));
      span?.end('ok', result.rows ?? 0, size);
      done(result);
    };
    /** Nobody gets it: what was received counts all the same. */
    const giveUp = (result: CallResult, error: CloisterError): void => {
      if (result.onEnd === undefined) return fail(error);
      result.giveUp?.(error.code);
      result.onEnd((end) => finish(admitted, call, startedAt, error.code, null, end));
      span?.end(error.code, 0, 0);
      failed(error);
    };
    const fail = (error: unknown): void => {
      finish(admitted, call, startedAt, outcomeOf(error), null);
      span?.end(outcomeOf(error), 0, 0);
      failed(error);
    };
    const begin = (): Promise<CallResult> | CallResult => {
      const work = () => granted.instance.call(parsed.method, parsed.args, lease, nested, bytes ?? undefined);
      return span === undefined ? work() : span.run(work);
    };
    const beginHeld = (): Promise<CallResult> | CallResult => {
      if (lease.isOver || lease.runs !== runs) throw leaseOver();
      return begin();
    };
    let result: Promise<CallResult> | CallResult;
    try {
      result = lease.whenKept(hasEffect)?.then(beginHeld) ?? begin();
    } catch (error) {
      return fail(error);
    }
    if (!(result instanceof Promise)) return succeed(result);
    const weight = nested === undefined || isStep ? 0 : 1;
    lease.pending += weight;
    const settle = (): void => {
      if (lease.runs === runs) lease.pending -= weight;
    };
    result.then(
      (value) => {
        settle();
        succeed(value);
      },
      (error: unknown) => {
        settle();
        fail(error);
      },
    );
  };

  /** On record without its id, which stands for another call. */
  const refuseId = (lease: CallLease, call: number, reply: Reply): void => {
    recordDenied(lease, 0, unread, 'ERR_ARGUMENT_INVALID');
    reply(false, errorJson(new CloisterError('ERR_ARGUMENT_INVALID', `The id ${String(call)} is not the next of this request.`)), null);
  };

  /** A call of a host side for the call it serves: it comes through the same checks, and can make none of its own. */
  const makeNested = (origin: CallOrigin, lease: CallLease, cause: number): Nested => {
    let busy = false;
    const { runs } = lease;
    return async (capability, method, args) => {
      if (lease.runs !== runs) throw leaseOver();
      if (busy) throw new Error('a host side makes one nested call at a time');
      busy = true;
      try {
        lease.nestedCalls += 1;
        const call = firstNestedCall + lease.nestedCalls;
        const admitted = admit(origin, lease, { text: JSON.stringify([capability, method, args]), bytes: null }, call, cause);
        return await new Promise<CallResult>((resolve, reject) => perform(origin, admitted, call, undefined, resolve, reject));
      } finally {
        busy = false;
      }
    };
  };

  return {
    call: (origin, given, call, text, bytes, reply) => {
      const refuse = (error: unknown): void => {
        if (!isTellable(error)) tellFault(error, origin);
        if (call !== 0) reply(false, errorJson(asPublic(error)), null);
      };
      let admitted: Admitted;
      let onRecord = call;
      try {
        if (given !== null && call !== 0) {
          if (!given.isNext(call)) return refuseId(given, call, reply);
          given.lastCall = call;
          onRecord = given.callOnRecord(call);
        }
        admitted = admit(origin, given, { text, bytes }, onRecord, null);
      } catch (error) {
        return refuse(error);
      }
      const answer = (result: CallResult): void => {
        if (call !== 0) reply(true, result.json, result.bytes ?? null);
      };
      perform(origin, admitted, onRecord, makeNested(origin, admitted.lease, onRecord), answer, refuse);
    },
  };
};
