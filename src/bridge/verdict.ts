// What becomes of a call: the decision of the enforced grants, and what the reported ones would have said. Must never let a reported grant decide.
import type { Decision, Policy } from './capability.ts';

/** Policies of grants whose denials are only reported. */
export interface ReportedPolicies {
  /** `grants`: those that would decide in mode `enforce`. */
  readonly by: 'grants' | 'candidate';
  readonly policies: readonly Policy[];
}

/** Who decides and who only reports. */
export interface Judges {
  /** In `enforce`: asked, approved, ceiling. In `audit`: the ceiling. All must allow. */
  readonly policies: readonly Policy[];
  readonly reported: readonly ReportedPolicies[];
}

/** What stands on the ledger. `rule` is the one that denies or would deny, else the one that allows. */
export interface Verdict {
  readonly decision: 'allow' | 'deny' | 'would-deny';
  readonly rule: string;
  /** Where it is denied: what the guest is told. */
  readonly reason?: string;
  /** The rule by which the candidate would deny. */
  readonly candidate?: string;
}

/** All must allow. */
export const decideAll = (policies: readonly Policy[], method: string, args: unknown, tenant?: string): Decision => {
  let allowed: Decision = { allow: false, rule: 'none', reason: 'no grant covers it' };
  for (const policy of policies) {
    const decision = policy(method, args, tenant);
    if (!decision.allow) return decision;
    allowed = decision;
  }
  return allowed;
};

interface Asked {
  readonly method: string;
  readonly args: unknown;
  readonly tenant: string | undefined;
}

const askReported = (reported: readonly ReportedPolicies[], { method, args, tenant }: Asked, rule: string): Verdict => {
  let grants: string | undefined;
  let candidate: string | undefined;
  for (const { by, policies } of reported) {
    const decision = decideAll(policies, method, args, tenant);
    if (decision.allow) continue;
    if (by === 'grants') grants = decision.rule;
    else candidate = decision.rule;
  }
  const denied = grants ?? candidate;
  if (denied === undefined) return { decision: 'allow', rule };
  return { decision: 'would-deny', rule: denied, ...(candidate === undefined ? {} : { candidate }) };
};

/** `tenant`: whose call it is; absent where the host asks for itself. */
export const judge = ({ policies, reported }: Judges, method: string, args: unknown, tenant?: string): Verdict => {
  const decision = decideAll(policies, method, args, tenant);
  if (!decision.allow) return { decision: 'deny', rule: decision.rule, reason: decision.reason };
  if (reported.length === 0) return { decision: 'allow', rule: decision.rule };
  return askReported(reported, { method, args, tenant }, decision.rule);
};

/** Of a capability that is within reach and was not granted: the rule is the one of a call that finds none. */
export const ungranted: Policy = () => ({ allow: false, rule: 'ERR_CAPABILITY_NOT_GRANTED', reason: 'the capability is not granted' });
