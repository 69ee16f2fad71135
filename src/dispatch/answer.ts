// What dispatch asks of whoever holds the client's connection. Must never mention HTTP objects.
import type { LeaseRecord } from '../bridge/call-lease.ts';
import type { Cause } from '../bridge/capability.ts';
import type { PublicError } from '../errors.ts';
import type { TraceContext } from '../telemetry/tracing.ts';

/** A status and headers that were checked; the host adds its own. */
export interface AnswerHead {
  readonly status: number;
  /** Flat: name, value(s), name, value(s). */
  readonly headers: readonly (string | readonly string[])[];
  /** What the guest said its body's length is; only a HEAD answer may use it. */
  readonly contentLength: string | null;
}

export interface Answer {
  /** Nothing of it may leave before what `kept` gives has resolved, and instead of it the error that it rejects with, which is for clients; null: it may leave now. */
  holdFor(kept: () => Promise<void> | null): void;
  /** Something has reached the client: the request can be neither run again nor answered otherwise. */
  readonly begun: boolean;
  respond(head: AnswerHead, body: Uint8Array | null): number;
  begin(head: AnswerHead): void;
  /** `onTaken` is called when the client's side has room for that much more. */
  chunk(bytes: Uint8Array, onTaken: () => void): void;
  end(): void;
  /** An error before the answer began is an error body; after it, a broken connection. */
  fail(error: PublicError): number;
  /** The extension's router did not answer. */
  next(): void;
}

/** The request as it came, kept so that it can be run again. */
export interface Question {
  /** RequestHead as JSON. */
  readonly head: string;
  readonly method: string;
  readonly path: string;
  readonly bodyMode: number;
  readonly body: Uint8Array | null;
  /** Set for a streamed body, which flows once it is started; `body` is null then. */
  readonly stream?: BodyStream;
  /** Set for what comes from no client: an event, a schedule, a start. `head` is a JobHead then. */
  readonly job?: JobTerms;
  /** The trace it belongs to; absent: that which is active when it is dispatched. */
  readonly trace?: TraceContext;
  /** Told what it is called on the ledger, before anything of it is there. */
  onNamed?(request: string): void;
  /** What stands on the ledger before it runs. */
  readonly notes?: readonly LeaseRecord[];
}

export interface JobTerms {
  /** What is left to whoever waits for it; the extension's own wallMs holds as well. */
  readonly wallMs: number;
  /** Somebody's request waits for its result. */
  readonly awaited: boolean;
  readonly cause: Cause;
  /** The ledger's id of it where it has one already: all attempts of a job have one. */
  readonly requestId?: string;
  /** What it gave: JSON as the ward says it, not checked; empty for nothing. */
  onResult(text: string): void;
}

export interface BodyStream {
  /** `onTooLarge` comes instead of the chunk that went over bodyInBytes, with the bytes so far. */
  start(onChunk: (chunk: Uint8Array) => void, onEnd: (complete: boolean) => void, onTooLarge: (usedBytes: number) => void): void;
  /** The guest has taken that many bytes more. */
  taken(bytes: number): void;
  stop(): void;
}
