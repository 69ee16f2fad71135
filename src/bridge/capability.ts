// What a capability is to the bridge. A folder in src/capabilities/ makes one; the registry lists it. Must never know a concrete capability.
import type { TSchema } from '#typebox';

/** What the identify option says of a request. The guest may see it; it can never set it. */
export type Accountability = Readonly<Record<string, unknown>> | null;

/** Why a lease is there. Kept by the host along events and their listeners; no guest can say or change it. */
export interface Cause {
  /** What emitted the last event of the chain: a request's id, `schedule`, `init`; empty for a request of a client. */
  readonly parent: string;
  /** The events that led here, oldest first. One that is here may not be emitted again. */
  readonly chain: readonly string[];
  /** Shared by all that one request, schedule or start has caused. */
  readonly tree: CausalTree;
}

export interface CausalTree {
  /** Events emitted so far. */
  events: number;
  readonly mostEvents: number;
  /** Turns of listeners set going so far. */
  turns: number;
  readonly mostTurns: number;
  readonly mostDepth: number;
  /** Where hosts count together: its name there, and how much of `events` and `turns` the others know of. Absent while it is this host's alone. */
  shared?: { readonly id: string; events: number; turns: number };
}

/** On whose behalf a call is made: facts the host knows, never what the guest said. */
export interface Caller {
  readonly extension: string;
  readonly version: string;
  readonly tenant: string;
  readonly requestId: string;
  readonly accountability: Accountability;
  /** What the embedder says of the tenant, for row rules; no guest sees or sets it. Absent: nothing. */
  readonly tenantVars?: Readonly<Record<string, string>>;
  readonly cause: Cause;
  /** As its tenant has them. Absent: as the extension has them. */
  readonly limits?: { readonly eventBytes: number; readonly listeners: number };
  /** Fires when the lease ends: deadline, answer sent, client gone. Work in progress must be given up. */
  readonly signal: AbortSignal;
  /** Milliseconds until the lease's deadline. */
  remainingMs(): number;
}

/**
 * A call that a host side makes while it serves one, on behalf of the same lease: schema, budget, every grant's policy and the ledger hold
 * as if the guest had made it, so a capability built on others adds no power. One at a time, and never one inside another.
 */
export type Nested = (capability: string, method: string, args: unknown) => Promise<CallResult>;

/** A decision is pure: the same call under the same grant always gets the same one. `rule` names what decided. */
export type Decision =
  | { readonly allow: true; readonly rule: string }
  | { readonly allow: false; readonly rule: string; readonly reason: string };

/**
 * Decides calls under one grant. Must not await, do I/O or read a clock. May keep a memo, each tenant's apart: that is all that `tenant`,
 * absent where the host asks for itself, may be used for.
 */
export type Policy = (method: string, args: unknown, tenant?: string) => Decision;

export interface CallResult {
  /** The result as JSON text: it crosses to the guest unparsed. */
  readonly json: string;
  /** For the ledger, where rows are what the call counts. */
  readonly rows?: number;
  /** Crosses beside the JSON as it is. */
  readonly bytes?: Uint8Array;
  /** Where the call goes on after its result: tells the listener once, when it is over, before its lease is. */
  onEnd?(listener: (end: CallEnd) => void): void;
  /** Where the result cannot be given to the guest: ends what would go on. */
  giveUp?(outcome: string): void;
}

/** How a call that went on after its result came out, for the ledger. */
export interface CallEnd {
  readonly outcome: string;
  readonly received: number;
  readonly sent: number;
}

export interface MethodContract {
  /** JSON Schema of the arguments; the bridge checks it with ajv before anything else sees them. */
  readonly args: TSchema;
  /** false: fire and forget, the guest gets no answer. */
  readonly reply: boolean;
  /** true: it says that something handed over before is used. It costs no budget, and what is over bridgeBounds.notes is dropped. Only with `reply: false`. */
  readonly note?: boolean;
  /** true: it goes on with a call of the same request that was admitted and is on record, such as the next piece of a body. It is checked, and neither judged nor recorded nor counted as a call; bridgeBounds.steps holds. */
  readonly step?: boolean;
  /** true: bytes may come with it. */
  readonly bytes?: boolean;
  /** true: an allowed call leaves something behind outside the cell, so its request may not be run again. */
  effect(args: unknown, tenant: string): boolean;
  /** Only where no answer is wanted: the arguments it is called with once, in place of what is over the limit. */
  readonly overflow?: unknown;
  /** What the ledger keeps of the arguments: names and counts, never values, bindings or bodies. */
  summarize(args: unknown, tenant: string): Readonly<Record<string, unknown>>;
}

/** One line of a grant: the way to it, outermost first. A shorter one stands for all that begins like it, the empty one for the whole capability. */
export type GrantLine = readonly string[];

/** A request as the ledger has it, for capabilities that are used by requests and not by calls. */
export interface SeenRequest {
  readonly method: string;
  /** Below the mount: `/` for the mount itself. */
  readonly path: string;
}

/** A call as the ledger has it. */
export interface SeenCall {
  readonly method: string;
  /** What `summarize` kept. */
  readonly args: Readonly<Record<string, unknown>>;
  /** No guest made it: the host asked the policy by itself. */
  readonly byHost: boolean;
}

/** One step of an expression. A null stands for what only running shows. */
export type CodeStep =
  | { readonly kind: 'member'; readonly name: string | null }
  /** Texts among the arguments, and the keys of those that are objects. */
  | { readonly kind: 'call' | 'new'; readonly args: readonly (string | null)[]; readonly keys: readonly (readonly string[])[] };

/** An expression that begins with a name, as code has it. */
export interface CodeChain {
  readonly root: string;
  readonly steps: readonly CodeStep[];
}

/** What a chain says of a capability's use; `unclear`: it uses it, and only running shows how. */
export type CodeUse = GrantLine | 'unclear';

/** How observed use becomes a grant. Pure, and told nothing but what the ledger has: the least manifest is computed from it alone. */
export interface Learning<Grant = unknown> {
  /** The lines of a grant that one call needed. */
  observe(call: SeenCall): readonly GrantLine[];
  /** The same of a request that reached the extension. */
  observeRequest?(request: SeenRequest): readonly GrantLine[];
  /** The lines that an expression in the extension's code needs, as far as they can be read off it. A guess: names can mean something else. */
  readCode?(chain: CodeChain): readonly CodeUse[];
  /** What a grant gives, as lines; what narrows without giving (numbers, row rules) is no line. */
  linesOf(grant: Grant): readonly GrantLine[];
  /** Where it is more than a shorter line covering a longer one. */
  covers?(outer: GrantLine, inner: GrantLine): boolean;
  /** Fewer lines that cover these: where use has more names than a grant should. */
  fold?(lines: readonly GrantLine[]): readonly GrantLine[];
  /** The smallest grant with these lines, each there once. What narrows in `today`, the grant as it stands, stays. */
  grantFor(lines: readonly GrantLine[], today: Grant | undefined): Grant;
}

export interface CapabilityContract {
  readonly name: string;
  /** JSON Schema of the grant, as it stands in manifest, approvals and ceiling. */
  readonly grant: TSchema;
  readonly methods: Readonly<Record<string, MethodContract>>;
}

/** One extension's use of a capability, opened when the extension is loaded. */
export interface CapabilityInstance {
  /** Does it. The call was already admitted, checked, allowed and recorded. Throws CloisterError or RelayedError for what the guest may know. `nested` is absent where the call is nested itself. */
  call(method: string, args: unknown, caller: Caller, nested?: Nested, bytes?: Uint8Array): Promise<CallResult> | CallResult;
  /** Asked beside the grants' own: what is only known since it was opened. */
  readonly policy?: Policy;
  /** What `policy` would be under these grants together, which reach no further than those it was opened with. */
  policyUnder?(grants: readonly unknown[]): Policy;
  /** Kept on the ledger beside what the contract's `summarize` gives: names that are only known since it was opened. */
  summarize?(method: string, args: unknown, tenant: string): Readonly<Record<string, unknown>>;
  /** JSON value handed to the guest side of this capability when a cell boots. */
  bootValue(tenant: string): unknown;
  /**
   * The same with one more grant that has to allow: for a tenant that has less of it. It stands on what this one opened, and closing it
   * closes nothing. Throws where the grant cannot hold. Absent: that policies narrow is all there is to it.
   */
  narrowed?(grant: unknown): CapabilityInstance;
  close(): Promise<void>;
}

/** The whole capability. All grants (asked, approved, ceiling) must allow a call: the bridge asks each one's policy. */
export interface Capability<Resources, Grant = unknown> {
  readonly contract: CapabilityContract;
  /** Absent: its use is counted, and no grant is suggested from it. */
  readonly learning?: Learning<Grant>;
  makePolicy(grant: Grant): Policy;
  /** What an opened one would ask beside the policies of these grants, as far as it can be told without opening any; for checks of packages. */
  judgeOffline?(grants: readonly Grant[]): Promise<Policy>;
  /** `wide` allows all that `narrow` does. Pure, and false where it cannot tell; without it only equal grants cover each other. */
  covers?(wide: Grant, narrow: Grant): boolean;
  /** Opening it makes something outside the host what the grants say, one for all versions of the extension: no two with different grants can stand beside each other. */
  readonly outside?: true;
  /**
   * Opens it for one extension. `grants` are those that hold together; what is made from them is their intersection.
   * `waived` stands in mode `audit`: grants whose denials are only reported, while their limits, and what narrows without denying, hold.
   */
  open(
    extension: { readonly id: string; readonly version: string },
    grants: readonly Grant[],
    resources: Resources,
    waived?: readonly Grant[],
  ): Promise<CapabilityInstance>;
}
