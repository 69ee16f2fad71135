// A lease as the ledger knows it: begun before anything it does, ended once. Must never let an entry of it stand before its start.
import { CallLease, type LeaseOrigin, type LeaseRecord } from '../bridge/call-lease.ts';
import type { Accountability } from '../bridge/capability.ts';
import type { RequestSpan } from '../telemetry/tracing.ts';
import type { Question } from './answer.ts';

type End = Extract<LeaseRecord, { readonly kind: 'request.end' }>;

export const requestIdOf = ({ prefix }: LeaseOrigin, id: number): string => `${prefix}-${id}`;

export abstract class RecordedLease extends CallLease {
  readonly question: Question;
  #announced = false;

  constructor(origin: LeaseOrigin, id: number, accountability: Accountability, question: Question, span: RequestSpan | null) {
    super(origin, id, accountability, question.job?.cause ?? null, span);
    this.question = question;
    question.onNamed?.(this.requestId);
  }

  get requestId(): string {
    return this.question.job?.requestId ?? requestIdOf(this.origin, this.id);
  }

  protected recordEnd(end: Omit<End, 'kind' | 'method' | 'path'>): void {
    const { method, path } = this.question;
    this.recordRepeats();
    this.record({ kind: 'request.end', method, path, ...end });
    this.span?.end(end.status, end.outcome, end.cpuMs);
  }

  override recordStrictly(record: LeaseRecord): void {
    if (!this.#announced && record.kind !== 'request.end') {
      this.#announced = true;
      const { method, path } = this.question;
      super.recordStrictly({ kind: 'request.start', method, path });
    }
    super.recordStrictly(record);
  }
}
