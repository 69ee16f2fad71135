// One request: its deadline, its cell, its answer. Must never answer twice, nor be used after it is over.
import { type Breach, toWard } from '../../sandbox/protocol/kinds.ts';
import type { LeaseOrigin } from '../bridge/call-lease.ts';
import type { Accountability } from '../bridge/capability.ts';
import { CloisterError, type ErrorCode, type PublicError } from '../errors.ts';
import type { LimitName } from '../limits/table.ts';
import type { RequestSpan } from '../telemetry/tracing.ts';
import type { LeasePeer } from '../wards/ward.ts';
import type { Answer, AnswerHead, Question } from './answer.ts';
import type { Cell } from './cell.ts';
import { terminated } from './ending.ts';
import { parseFault } from './parse-response.ts';
import { RecordedLease } from './recorded-lease.ts';

/** What a lease asks of its slot. */
export interface LeaseEvents {
  parseHead(text: string): AnswerHead;
  /** An error the extension did not handle; for the log, with its stack. */
  onGuestError(lease: Lease, stack: string): void;
  /** It has given its answer or failed: its place is free. */
  onOver(lease: Lease): void;
  /** Nothing of it runs any more, and the ledger has its end. */
  onDone(lease: Lease, cpuMs: number): void;
}

/** The ward has this long to say that nothing of an ended lease runs any more; then it is killed. */
const settleMs = 1_000;
/** Where it has answered as it should, a machine that is busy may be all there is to it: what runs on is the ward's own to end. */
const settleAnsweredMs = 5_000;

export class Lease extends RecordedLease implements LeasePeer {
  readonly #answer: Answer;
  readonly #events: LeaseEvents;
  readonly #startedAt = performance.now();
  #deadlineAt: number;
  #losses = 0;
  #cell: Cell | null = null;
  #status = 0;
  #outcome = '';
  #cpuUs = 0;
  #heapGrowthKb: number | null = null;
  #bytesIn = this.question.body?.length ?? 0;
  #bytesOut = 0;
  #streaming = false;
  #endedAt = 0;

  constructor(
    origin: LeaseOrigin,
    id: number,
    accountability: Accountability,
    question: Question,
    answer: Answer,
    events: LeaseEvents,
    span: RequestSpan | null,
  ) {
    super(origin, id, accountability, question, span);
    this.#answer = answer;
    answer.holdFor(() => this.kept());
    this.#events = events;
    this.#deadlineAt = this.#startedAt + Math.min(origin.limits.wallMs, question.job?.wallMs ?? Number.POSITIVE_INFINITY);
  }

  get cell(): number {
    return this.#cell?.id ?? 0;
  }
  /** The extension answered it, as it should. */
  get answered(): boolean {
    return this.#outcome === 'answered' || this.#outcome === 'passed on';
  }
  get missedDeadline(): boolean {
    return this.#outcome === 'ERR_DEADLINE_EXCEEDED';
  }
  /** The cell it is in; null while it waits and after the cell was lost. */
  get home(): Cell | null {
    return this.#cell;
  }
  remainingMs(): number {
    return Math.max(0, this.#deadlineAt - performance.now());
  }

  /** Looks at the clock, some dozens of times a second: cheaper than a timer or two for each request. */
  tick(now: number): void {
    if (!this.isOver) {
      if (now < this.#deadlineAt) return;
      const limit = this.#streaming ? 'streamIdleMs' : 'wallMs';
      this.breach('ERR_DEADLINE_EXCEEDED', limit, this.limits[limit], Math.round(now - this.#deadlineAt) + this.limits[limit]);
    } else if (!this.isEnding && now - this.#endedAt > (this.answered ? settleAnsweredMs : settleMs)) {
      this.#cell?.ward.killFor(this.#cell.id, this.id, `request ${this.requestId} did not stop`);
    }
  }

  /** Hands the request to a cell. */
  run(cell: Cell): void {
    this.#cell = cell;
    const { question } = this;
    cell.ward.leases.set(this.id, this);
    const wallMs = Math.max(1, Math.ceil(this.remainingMs()));
    if (question.job !== undefined) return cell.ward.process.write(toWard.job, this.id, cell.id, wallMs, question.head, null);
    cell.ward.process.write(toWard.request, this.id, cell.id, question.bodyMode + 4 * wallMs, question.head, question.body);
    question.stream?.start(
      (chunk) => {
        this.#bytesIn += chunk.length;
        this.#toWard(toWard.body, 0, chunk);
      },
      (complete) => this.#toWard(toWard.bodyEnd, complete ? 0 : 1, null),
      (usedBytes) => this.breach('ERR_BODY_TOO_LARGE', 'bodyInBytes', this.limits.bodyInBytes, usedBytes),
    );
  }

  /** Whether it may be run once more in another cell, after its own was lost through no fault of its own. */
  mayRunAgain(): boolean {
    return !this.isOver && !this.effects && this.#losses <= 1 && !this.#answer.begun && this.question.stream === undefined;
  }

  /** Its cell is gone: nothing more comes from it. */
  lose(): void {
    this.#losses += 1;
    this.endRun();
    this.#leaveCell();
  }

  // What the ward says. What ends it waits for the calls it made before, where these wait for the ledger.
  onRespond(text: string, body: Uint8Array | null): void {
    if (this.isOver || this.afterHeld(() => this.onRespond(text, body)) || this.#mayNotBegin()) return;
    const head = this.#checked(() => this.#events.parseHead(text));
    if (head === null) return;
    const bytes = body?.length ?? 0;
    if (bytes > this.limits.bodyOutBytes) return this.#tooLarge(bytes);
    this.#bytesOut = bytes;
    const status = this.#checked(() => this.#answer.respond(head, body));
    if (status !== null) this.#finish(status, 'answered');
  }

  onHead(text: string): void {
    if (this.isOver || this.#streaming || this.#mayNotBegin()) return;
    const head = this.#checked(() => this.#events.parseHead(text));
    if (head === null) return;
    this.#streaming = true;
    this.#status = head.status;
    this.#answer.begin(head);
    this.#watchIdle();
  }

  onChunk(bytes: Uint8Array): void {
    if (this.isOver || !this.#streaming) return;
    this.#bytesOut += bytes.length;
    if (this.#bytesOut > this.limits.bodyOutBytes) return this.#tooLarge(this.#bytesOut);
    this.#watchIdle();
    this.#checked(() => this.#answer.chunk(bytes, () => this.#toWard(toWard.credit, bytes.length, null)));
  }

  onEnd(): void {
    if (this.isOver || this.afterHeld(() => this.onEnd())) return;
    if (!this.#streaming) return this.fail(new CloisterError('ERR_RESPONSE_INVALID', 'the answer ended before it began'));
    this.#answer.end();
    this.#finish(this.#status, 'answered');
  }

  onNext(): void {
    if (this.isOver || this.afterHeld(() => this.onNext()) || this.#mayNotBegin()) return;
    this.#finish(0, 'passed on');
    this.#answer.next();
  }

  onJobDone(text: string): void {
    if (this.isOver || this.afterHeld(() => this.onJobDone(text))) return;
    const { job } = this.question;
    if (job === undefined) return this.fail(new CloisterError('ERR_RESPONSE_INVALID', 'a request was ended as if it were a job'));
    this.#bytesOut = text.length;
    this.#finish(200, 'answered');
    job.onResult(text);
  }

  onFault(text: string): void {
    if (this.isOver || this.afterHeld(() => this.onFault(text))) return;
    const fault = this.#checked(() => parseFault(text));
    if (fault === null) return;
    if (fault.stack !== '') this.#events.onGuestError(this, fault.stack);
    this.#finish(this.#answer.fail(fault.error), fault.outcome);
  }

  onBreach(breach: Breach, usedCpuMs: number): void {
    const { cpuMs, wallMs } = this.limits;
    if (breach === 'cpu' || breach === 'cpu-terminated') this.breach('ERR_CPU_EXCEEDED', 'cpuMs', cpuMs, usedCpuMs);
    else this.breach('ERR_DEADLINE_EXCEEDED', 'wallMs', wallMs, Math.round(performance.now() - this.#startedAt));
    if (breach.endsWith('terminated')) this.#cell?.retire(terminated);
  }

  onTaken(bytes: number): void {
    this.question.stream?.taken(bytes);
  }

  onSettled(cpuUs: number, heapGrowthKb: number | null): void {
    if (this.afterHeld(() => this.onSettled(cpuUs, heapGrowthKb))) return;
    // A ward that says so of a request nobody has ended would keep its place for ever.
    if (!this.isOver) return this.#cell?.ward.process.kill(`protocol: request ${this.requestId} settled before it was over`);
    this.#cpuUs = cpuUs;
    this.#heapGrowthKb = heapGrowthKb;
    this.#leaveCell();
  }

  // How it ends otherwise.

  /** A limit was passed: told on the ledger, answered with its code. */
  breach(code: ErrorCode, limit: LimitName, allowed: number, used: number): void {
    if (this.isOver) return;
    this.record({ kind: 'limit', limit, allowed, used });
    this.fail(new CloisterError(code, `The request went over the limit ${limit} (${allowed}).`, { limit, allowed, used }));
  }

  fail(error: PublicError): void {
    if (this.isOver) return;
    this.#finish(this.#answer.fail(error), error.code);
  }

  /** An error that the host found: a limit it names is told on the ledger. */
  refuse(error: CloisterError): void {
    const { limit, allowed, used } = error.details;
    if (typeof limit === 'string' && typeof allowed === 'number' && typeof used === 'number')
      this.record({ kind: 'limit', limit, allowed, used });
    this.fail(error);
  }

  /** The client is gone, or whoever waited for the job: nobody waits for the answer. */
  abandon(): void {
    if (this.isOver) return;
    this.#finish(499, 'client gone');
  }

  #finish(status: number, outcome: string): void {
    this.endCalls();
    this.#status = status;
    this.#outcome = outcome;
    this.#endedAt = performance.now();
    this.question.stream?.stop();
    if (this.#cell !== null && !this.answered) this.#toWard(toWard.cancel, 0, null);
    this.#events.onOver(this);
    if (this.#cell === null) this.#close();
  }

  #leaveCell(): void {
    if (this.#cell === null) return;
    const cell = this.#cell;
    this.#cell = null;
    cell.settled(this);
    if (this.isOver) this.#close();
  }

  /** Over, and nothing of it runs: the ledger closes the request. Called once. */
  #close(): void {
    const wallMs = Math.round((this.#endedAt - this.#startedAt) * 1000) / 1000;
    this.recordEnd({
      status: this.#status,
      outcome: this.#outcome,
      cpuMs: Math.round(this.#cpuUs) / 1000,
      wallMs,
      calls: this.calls,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      heapGrowthKb: this.#heapGrowthKb,
      logLines: this.logLines,
      logBytes: this.logBytes,
    });
    this.#events.onDone(this, this.#cpuUs / 1000);
  }

  /** A job answers nobody, and an answer that has begun leaves no room for another, which would leave its client waiting: what tries is failed. */
  #mayNotBegin(): boolean {
    if (this.question.job === undefined && !this.#streaming) return false;
    this.fail(new CloisterError('ERR_RESPONSE_INVALID', 'a job was answered as if it were a request, or a request twice'));
    return true;
  }

  #watchIdle(): void {
    this.#deadlineAt = performance.now() + this.limits.streamIdleMs;
  }

  #tooLarge(used: number): void {
    this.breach('ERR_RESPONSE_TOO_LARGE', 'bodyOutBytes', this.limits.bodyOutBytes, used);
  }

  #toWard(kind: number, a: number, raw: Uint8Array | null): void {
    this.#cell?.ward.process.write(kind, this.id, a, 0, '', raw);
  }

  /** What a ward sends may be anything: a frame that does not parse fails its request. */
  #checked<Value>(parse: () => Value): Value | null {
    try {
      return parse();
    } catch (error) {
      this.refuse(
        error instanceof CloisterError
          ? error
          : new CloisterError('ERR_RESPONSE_INVALID', 'The extension sent an answer that cannot be read.'),
      );
      return null;
    }
  }
}
