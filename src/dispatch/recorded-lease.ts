// A lease as the ledger knows it: begun before anything it does, ended once. Must never let an entry of it stand before its start.
import { CallLease, type LeaseOrigin, type LeaseRecord } from '../bridge/call-lease.ts';
import type { Accountability } from '../bridge/capability.ts';
import { CloisterError, type PublicError } from '../errors.ts';
import type { RequestSpan } from '../telemetry/tracing.ts';
import type { Question } from './answer.ts';

type End = Extract<LeaseRecord, { readonly kind: 'request.end' }>;

const unkept = new CloisterError('ERR_LEDGER_UNAVAILABLE', 'The ledger cannot be written, and what has no record is not answered.');

export const requestIdOf = ({ prefix }: LeaseOrigin, id: number): string => `${prefix}-${id}`;

export abstract class RecordedLease extends CallLease {
  readonly question: Question;
  #announced = false;
  #hasEnd = false;

  constructor(origin: LeaseOrigin, id: number, accountability: Accountability, question: Question, span: RequestSpan | null) {
    super(origin, id, accountability, question.job?.cause ?? null, span);
    this.question = question;
    question.onNamed?.(this.requestId);
  }

  abstract fail(error: PublicError): void;

  get requestId(): string {
    return this.question.job?.requestId ?? requestIdOf(this.origin, this.id);
  }

  protected recordEnd(end: Omit<End, 'kind' | 'method' | 'path'>): void {
    const { method, path } = this.question;
    this.recordRepeats();
    try {
      this.recordStrictly({ kind: 'request.end', method, path, ...end });
      this.#hasEnd = true;
    } catch (error) {
      this.origin.onLedgerFailure(error);
    }
    this.span?.end(end.status, end.outcome, end.cpuMs);
  }

  /** Resolves once a host that is killed leaves it on the ledger, with all it did so far; null: nobody waits for that. Rejects where it cannot be. */
  protected kept(): Promise<void> | null {
    const { ledger } = this.origin;
    if (!ledger.writesAhead) return null;
    return Promise.resolve().then(async () => {
      try {
        // Most requests are over with their answer: these have their end by now, and need no start.
        if (!this.#hasEnd && !this.#announced) this.#announce((start) => super.recordStrictly(start));
        await ledger.kept();
      } catch (error) {
        this.origin.onLedgerFailure(error);
        // What streams on would do so for nobody.
        this.fail(unkept);
        throw unkept;
      }
    });
  }

  override recordStrictly(record: LeaseRecord): void {
    if (!this.#announced && record.kind !== 'request.end') this.#announce((start) => super.recordStrictly(start));
    super.recordStrictly(record);
  }

  #announce(record: (start: LeaseRecord) => void): void {
    this.#announced = true;
    const { method, path } = this.question;
    record({ kind: 'request.start', method, path });
  }
}
