// One transaction on one connection, for one lease: statements in order, savepoints by number, a deadline and an idle limit. Must never outlive its lease, nor give a connection on that is not clean.
import type { CloisterError } from '../../../errors.ts';
import { databaseBounds } from '../bounds.ts';
import { makeIdleFailure, makeNoSavepointFailure, makeOverdueFailure, makeTooManyFailure } from '../failure.ts';
import type { BeginArgs } from '../methods.ts';
import { type Exchange, startExchange } from '../pool/exchange.ts';
import { ConnectionLostError, type RoleConnection } from '../pool/role-connection.ts';

/** How long a transaction may last, and go without a statement. */
export interface TransactionTimes {
  readonly transactionMs: number;
  readonly transactionIdleMs: number;
}

export interface TransactionParts {
  readonly connection: RoleConnection;
  readonly statementMs: number;
  readonly times: TransactionTimes;
  giveBack(connection: RoleConnection, residue: Residue): void;
  /** What the guest may know of a failure. */
  explain(error: unknown): CloisterError;
}

/** What may be left on a connection: nothing, what DISCARD ALL discards, or anything (a statement that only audit mode lets through). */
export type Residue = 'none' | 'some' | 'any';

const controlBytes = 65_536;

/** From closed lists only: no text of the guest is in it. */
const beginText = ({ isolation, readOnly }: BeginArgs): string =>
  ['begin', ...(isolation === undefined ? [] : [`isolation level ${isolation}`]), ...(readOnly === true ? ['read only'] : [])].join(' ');

export class HeldTransaction {
  readonly #parts: TransactionParts;
  readonly #savepoints: number[] = [];
  readonly #deadline: NodeJS.Timeout;
  readonly #idle: NodeJS.Timeout;
  #lastSavepoint = 0;
  #residue: Residue = 'none';
  #last: Promise<unknown> = Promise.resolve();
  #running: Exchange<unknown> | undefined;
  /** Why nothing more can be done in it. */
  #over: CloisterError | undefined;

  constructor(parts: TransactionParts) {
    this.#parts = parts;
    const { transactionMs, transactionIdleMs } = parts.times;
    const idleMs = Math.min(transactionIdleMs, parts.statementMs * 0.75);
    this.#deadline = setTimeout(() => this.kill(makeOverdueFailure(transactionMs)), transactionMs);
    this.#idle = setTimeout(() => {
      if (this.#running === undefined) this.kill(makeIdleFailure());
    }, idleMs);
  }

  get over(): CloisterError | undefined {
    return this.#over;
  }

  async begin(args: BeginArgs): Promise<void> {
    await this.run((connection) => runControl(connection, beginText(args)));
  }

  /** One after another, in the order they came. */
  run<Outcome>(work: (connection: RoleConnection) => Promise<Outcome>, residue: Residue = 'none'): Promise<Outcome> {
    this.#leave(residue);
    return this.#inTurn(() => this.#step(work));
  }

  async savepoint(): Promise<number> {
    return await this.#inTurn(async () => {
      if (this.#savepoints.length >= databaseBounds.savepoints.value)
        throw makeTooManyFailure('savepoints', databaseBounds.savepoints.value);
      this.#lastSavepoint += 1;
      const savepoint = this.#lastSavepoint;
      await this.#step((connection) => runControl(connection, `savepoint s${String(savepoint)}`));
      this.#savepoints.push(savepoint);
      return savepoint;
    });
  }

  async release(savepoint: number): Promise<void> {
    await this.#atSavepoint(savepoint, 'release savepoint', 0);
  }

  async rollbackTo(savepoint: number): Promise<void> {
    await this.#atSavepoint(savepoint, 'rollback to savepoint', 1);
  }

  /** Cancels the statement that runs; the transaction has failed then, and can only be rolled back. */
  interrupt(): void {
    if (this.#running === undefined) return;
    // A late cancel may hit the next statement: this transaction's own, and nobody else's.
    this.#leave('some');
    void this.#parts.connection.interrupt();
  }

  /** Ends it; gives the word the server has for how it ended. */
  async finish(how: 'commit' | 'rollback', over: CloisterError): Promise<string> {
    return await this.#inTurn(async () => {
      try {
        return await this.#step((connection) => runControl(connection, how));
      } finally {
        this.#close(over);
      }
    });
  }

  /** Ends it now, whatever it does: nothing of it stays. */
  kill(error: CloisterError): void {
    if (this.#over !== undefined) return;
    const running = this.#running;
    if (running !== undefined) {
      this.#stop(error);
      running.giveUp(error);
      return;
    }
    this.#stop(error);
    this.#rollBack();
  }

  #rollBack(): void {
    const { connection, statementMs } = this.#parts;
    if (connection.ended) return;
    const exchange = startExchange(connection, statementMs, () => runControl(connection, 'rollback'));
    exchange.result.then(
      () => this.#giveBack(),
      (error: unknown) => connection.destroy(error instanceof Error ? error : new ConnectionLostError('the rollback failed')),
    );
  }

  #leave(residue: Residue): void {
    if (residue === 'any' || this.#residue === 'none') this.#residue = residue;
  }

  #stop(error: CloisterError): void {
    this.#over = error;
    clearTimeout(this.#deadline);
    clearTimeout(this.#idle);
  }

  #close(over: CloisterError): void {
    if (this.#over !== undefined) return;
    this.#stop(over);
    this.#giveBack();
  }

  #giveBack(): void {
    const { connection, giveBack } = this.#parts;
    if (connection.ended) return;
    giveBack(connection, this.#residue);
  }

  async #atSavepoint(savepoint: number, text: string, stays: 0 | 1): Promise<void> {
    await this.#inTurn(async () => {
      const index = this.#savepoints.lastIndexOf(savepoint);
      if (index < 0) throw makeNoSavepointFailure();
      await this.#step((connection) => runControl(connection, `${text} s${String(savepoint)}`));
      this.#savepoints.length = index + stays;
    });
  }

  #inTurn<Outcome>(work: () => Promise<Outcome>): Promise<Outcome> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #step<Outcome>(work: (connection: RoleConnection) => Promise<Outcome>): Promise<Outcome> {
    if (this.#over !== undefined) throw this.#over;
    const { connection, statementMs, explain } = this.#parts;
    const exchange = startExchange(connection, statementMs, () => work(connection));
    this.#running = exchange;
    try {
      return await exchange.result;
    } catch (error) {
      const known = explain(error);
      // What was cut off, or lost with the server, cannot go on.
      if (connection.ended || exchange.givenUp) this.#stop(this.#over ?? known);
      throw known;
    } finally {
      this.#running = undefined;
      if (this.#over === undefined) this.#idle.refresh();
    }
  }
}

const runControl = async (connection: RoleConnection, text: string): Promise<string> =>
  (await connection.run({ text, values: [], maxRows: 1, atomic: false }, controlBytes, text)).command;
