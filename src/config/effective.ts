// What an extension really gets: asked AND approved AND under the ceiling. Must never grant by absence, do I/O or read a clock.
import { CloisterError } from '../errors.ts';
import { type LimitName, type Limits, limitTable } from '../limits/table.ts';
import type { DirectusScope, ExpressMajor, Manifest } from './manifest.ts';
import type { Approval, Approvals, Ceiling, Isolation, Mode } from './runtime-options.ts';

export interface EffectiveInput {
  /** The id of approvals: from the operator or package.json, never one that guest code chose. */
  readonly id: string;
  /** null: the package has no `cloister` key, so the operator's approval stands for the request. */
  readonly manifest: Manifest | null;
  /** What the kind of package means when nobody says otherwise. */
  readonly expressDefault: ExpressMajor;
  /** What the extension's entry in `extensions` says. */
  readonly isolation?: Isolation;
  readonly mode?: Mode;
  /** Of all extensions that say nothing of their own. */
  readonly defaultMode?: Mode;
  readonly approvals: Approvals;
  readonly ceiling: Ceiling;
  /** The operator's limits for all extensions. */
  readonly limits: Partial<Limits>;
  readonly baseline: ReadonlyMap<string, unknown>;
}

/** Grants whose denials go on the ledger as `would-deny`. */
export interface ReportedGrants {
  /** `grants`: those that would decide in mode `enforce`. Their limits, and what narrows without denying, hold in `audit` too. */
  readonly by: 'grants' | 'candidate';
  /** null: the capability is not granted at all, so every call would be denied. */
  readonly grants: readonly unknown[] | null;
}

export interface Effective {
  readonly mode: Mode;
  /** Capability → grants that must all allow a call; never an empty list. A capability that is not here is not granted. */
  readonly grants: ReadonlyMap<string, readonly unknown[]>;
  /** Capability → what is only reported. */
  readonly reported: ReadonlyMap<string, readonly ReportedGrants[]>;
  readonly limits: Limits;
  readonly isolation: Isolation;
  readonly express: ExpressMajor;
  /** null: it is no extension of the form of Directus's sandbox. */
  readonly directusApi: readonly DirectusScope[] | null;
}

const nothingApproved: Approval = {};
const everythingAsked: Approval = { capabilities: 'requested' };

const approvalFor = (id: string, approvals: Approvals): Approval => {
  const approval = approvals === 'requested' ? 'requested' : approvals.get(id);
  if (approval === undefined) return nothingApproved;
  return approval === 'requested' ? everythingAsked : approval;
};

/** Own keys only: a capability named like a member of Object.prototype must not be found. */
const grantIn = (grants: Readonly<Record<string, unknown>> | undefined, capability: string): unknown =>
  grants !== undefined && Object.hasOwn(grants, capability) ? grants[capability] : undefined;

interface Decided {
  readonly enforced: readonly unknown[];
  readonly reported: readonly ReportedGrants[];
}

const distinct = (grants: readonly unknown[]): readonly unknown[] => [...new Set(grants.filter((grant) => grant !== undefined))];

/** null: out of reach, in every mode. */
const decideGrant = (name: string, manifest: Manifest | null, approval: Approval, input: EffectiveInput, mode: Mode): Decided | null => {
  const most = input.ceiling.capabilities?.get(name);
  const base = input.baseline.get(name);
  if (most === false) return null;
  if (most === undefined && base === undefined && input.ceiling.capabilities !== null) return null;
  const asked = grantIn(manifest?.capabilities, name);
  const approved = approval.capabilities === 'requested' ? asked : grantIn(approval.capabilities, name);
  const asks = asked !== undefined || manifest === null;
  const isGranted = base !== undefined || (asks && approved !== undefined);
  const candidate = approval.candidate === undefined ? [] : [decideCandidate(approval.candidate, name, base)];
  if (mode === 'enforce') return isGranted ? { enforced: distinct([base, asked, approved, most]), reported: candidate } : null;
  const waived = distinct([asked, approved]);
  const granted: readonly ReportedGrants[] = isGranted && waived.length === 0 ? [] : [{ by: 'grants', grants: isGranted ? waived : null }];
  return { enforced: distinct([base, most]), reported: [...granted, ...candidate] };
};

const decideCandidate = (candidate: Readonly<Record<string, unknown>>, name: string, base: unknown): ReportedGrants => {
  const grant = grantIn(candidate, name) ?? base;
  return { by: 'candidate', grants: grant === undefined ? null : [grant] };
};

const decideGrants = (
  input: EffectiveInput,
  manifest: Manifest | null,
  approval: Approval,
  mode: Mode,
): Pick<Effective, 'grants' | 'reported'> => {
  const approved = approval.capabilities === 'requested' ? {} : (approval.capabilities ?? {});
  const reachable = mode === 'audit' ? [...(input.ceiling.capabilities?.keys() ?? [])] : [];
  const names = new Set([...input.baseline.keys(), ...Object.keys(manifest?.capabilities ?? {}), ...Object.keys(approved), ...reachable]);
  const grants = new Map<string, readonly unknown[]>();
  const reported = new Map<string, readonly ReportedGrants[]>();
  for (const name of names) {
    const decided = decideGrant(name, manifest, approval, input, mode);
    // A list of no grants would be a policy that nobody asks.
    if (decided === null || decided.enforced.length === 0) continue;
    grants.set(name, decided.enforced);
    if (decided.reported.length > 0) reported.set(name, decided.reported);
  }
  return { grants, reported };
};

const decideMode = ({ id, mode, defaultMode = 'enforce' }: EffectiveInput, approval: Approval): Mode => {
  if (approval.mode !== undefined && mode !== undefined && approval.mode !== mode)
    refuse('ERR_OPTIONS_INVALID', id, `mode is "${mode}" in extensions and "${approval.mode}" in approvals; keep one`);
  return approval.mode ?? mode ?? defaultMode;
};

/** A wish for more than the default counts only where the operator approved the wishes; one for less always does. */
const decideLimit = (name: LimitName, manifest: Manifest | null, approval: Approval, operator: Partial<Limits>): number => {
  const fallback = operator[name] ?? limitTable[name].default;
  const said = approval.limits?.[name];
  if (said !== undefined) return said;
  const asked = manifest?.limits?.[name];
  if (asked === undefined || operator[name] !== undefined) return fallback;
  return approval.capabilities === 'requested' ? asked : Math.min(asked, fallback);
};

const decideLimits = (input: EffectiveInput, manifest: Manifest | null, approval: Approval): Limits => {
  const names = Object.keys(limitTable) as LimitName[];
  const most = (name: LimitName): number => input.ceiling.limits[name] ?? limitTable[name].ceiling;
  return Object.fromEntries(
    names.map((name) => [name, Math.min(decideLimit(name, manifest, approval, input.limits), most(name))]),
  ) as Limits;
};

const refuse = (code: 'ERR_OPTIONS_INVALID' | 'ERR_MANIFEST_INVALID', id: string, cause: string): never => {
  throw new CloisterError(code, `extension ${id}: ${cause}`, { extension: id });
};

/** Whose mistake it is decides whether the host refuses to start or only this extension: no package may keep the host from starting. */
const refuseHeapOverWard = (id: string, { memoryMb, wardRssMb }: Limits, wished: Partial<Limits> | undefined): void => {
  if (memoryMb <= wardRssMb) return;
  const byManifest = wished?.memoryMb !== undefined || wished?.wardRssMb !== undefined;
  refuse(
    byManifest ? 'ERR_MANIFEST_INVALID' : 'ERR_OPTIONS_INVALID',
    id,
    `memoryMb ${memoryMb} is over wardRssMb ${wardRssMb}, so no cell could use it; lower the one or raise the other`,
  );
};

/** The same input always gets the same answer. Throws where two things said about this extension cannot both hold: ERR_OPTIONS_INVALID when the operator said both. */
export const decideEffective = (input: EffectiveInput): Effective => {
  const { id } = input;
  const approval = approvalFor(id, input.approvals);
  const manifest = approval.manifest ?? input.manifest;
  if (approval.isolation !== undefined && input.isolation !== undefined && approval.isolation !== input.isolation) {
    refuse('ERR_OPTIONS_INVALID', id, `isolation is "${input.isolation}" in extensions and "${approval.isolation}" in approvals; keep one`);
  }
  const limits = decideLimits(input, manifest, approval);
  refuseHeapOverWard(id, limits, manifest?.limits);
  const mode = decideMode(input, approval);
  return {
    mode,
    ...decideGrants(input, manifest, approval, mode),
    limits,
    isolation: approval.isolation ?? input.isolation ?? 'shared',
    express: approval.express ?? manifest?.express ?? input.expressDefault,
    directusApi: manifest?.directusApi ?? null,
  };
};

/** Ids in approvals that no extension has: most likely a typing error, and a grant that waits for whoever takes that name. */
export const decideUnusedApprovals = (approvals: Approvals, ids: readonly string[]): readonly string[] =>
  approvals === 'requested' ? [] : [...approvals.keys()].filter((id) => !ids.includes(id));
