// What a job is, and what every store of jobs can do. Must never know what a job is about: its body is text.

/** Of one lane one job runs at a time, in the order of rank. */
export interface Lane {
  readonly name: string;
  readonly rank: number;
}

export type JobKind = 'action' | 'schedule';

export interface Job {
  /** The ledger's id of its run, and what it is known by: a second one of the same id is not taken. */
  readonly id: string;
  readonly kind: JobKind;
  readonly tenant: string;
  /** Who is to run it. */
  readonly extension: string;
  /** The event or the cron pattern, for operators. */
  readonly what: string;
  /** null: it waits for no other. */
  readonly lane: Lane | null;
  readonly body: string;
}

/** What all that one request caused has used, counted by all hosts together. */
export interface Spend {
  readonly tree: string;
  readonly events: number;
  readonly turns: number;
  readonly mostEvents: number;
  readonly mostTurns: number;
}

export interface Counted {
  readonly events: number;
  readonly turns: number;
}

/** What became of jobs that were put. `counted`: of their tree, they included; null where they have none or were known. */
export interface Put {
  readonly taken: number;
  readonly counted: Counted | null;
}

/** A job that this host has begun and nobody else runs. */
export interface Claimed {
  readonly job: Job;
  /** 1 for the first. */
  readonly attempt: number;
  /** Since it was put. */
  readonly ageMs: number;
  /** Another of its lane was running when it was put, and is running still. */
  readonly overlaps: boolean;
  readonly counted: Counted | null;
}

/** What a host says of a job that it ran. */
export type Verdict =
  | { readonly kind: 'done'; readonly spend?: Pick<Spend, 'tree' | 'events' | 'turns'> }
  /** It could not be run: again after a while, and with the dead after so many attempts. */
  | { readonly kind: 'again'; readonly reason: string }
  /** What it needs of the host is not there now: again after longer and longer, and no attempt. */
  | { readonly kind: 'wait'; readonly reason: string }
  /** Not for this host, or not now: for others, and no attempt. `begun`: it was stopped in the middle. */
  | { readonly kind: 'pass'; readonly reason: string; readonly begun?: boolean }
  /** It can never be run. */
  | { readonly kind: 'dead'; readonly reason: string };

/** The same, as the store is told. */
export type Settlement =
  | { readonly kind: 'done'; readonly spend: Pick<Spend, 'tree' | 'events' | 'turns'> | null }
  | { readonly kind: 'again'; readonly delayMs: number; readonly counts: boolean; readonly reason: string }
  | { readonly kind: 'dead'; readonly reason: string };

export interface Want {
  readonly most: number;
  /** Of one share no more than so many may run here at once. */
  readonly mostOfShare: number;
  /** Share (`<kind> <tenant>`) → how many of it run here. */
  readonly running: ReadonlyMap<string, number>;
  /** Only jobs of these. */
  readonly extensions: readonly string[];
}

export interface JobStats {
  readonly queued: number;
  readonly running: number;
  /** Of these two, those that were begun before. */
  readonly retried: number;
  readonly dead: number;
  /** How long the job that waits longest could have run already. */
  readonly lagMs: number;
}

/** As an operator sees it. */
export interface ListedJob {
  readonly id: string;
  readonly kind: string;
  readonly tenant: string;
  readonly extension: string;
  readonly what: string;
  readonly state: 'queued' | 'running' | 'dead';
  readonly attempts: number;
  /** ISO 8601. */
  readonly since: string;
  readonly reason: string;
}

/** Why a store puts one with the dead by itself. */
export const unclaimed = 'no host has run it in time';

export type OnDead = (job: Pick<Job, 'id' | 'extension' | 'tenant'>, reason: string) => void;

/** How far a store reaches: this process, or all hosts of one database or of one NATS. */
export type JobScope = 'process' | 'database' | 'nats';

export interface JobStore {
  readonly scope: JobScope;
  /** All of them or none; jobs of one call are of one kind and tenant. Rejects with ERR_CAPACITY_EXCEEDED, ERR_EVENT_LOOP, ERR_ARGUMENT_INVALID, ERR_JOBS_UNAVAILABLE. */
  put(jobs: readonly Job[], spend: Spend | null): Promise<Put>;
  /** What may be begun now, begun. */
  claim(want: Want): Promise<readonly Claimed[]>;
  /** Says that this host is there and goes on with these; gives the ids of those it has lost. `anew`: it has given up all of them, and others are to have them. */
  beat(held: readonly Claimed[], anew: boolean): Promise<readonly string[]>;
  settle(claimed: Claimed, settlement: Settlement): Promise<void>;
  /** `wake` is called when there may be work, `onDead` for what this store put with the dead by itself. */
  onWork(wake: () => void, onDead: OnDead): void;
  stats(): Promise<JobStats>;
  list(most: number): Promise<readonly ListedJob[]>;
  /** false: there is no dead job of this id. */
  retry(id: string): Promise<boolean>;
  /** false: there is none of this id, or it runs. */
  drop(id: string): Promise<boolean>;
  close(): Promise<void>;
}

export const shareOf = ({ kind, tenant }: Pick<Job, 'kind' | 'tenant'>): string => `${kind} ${tenant}`;
