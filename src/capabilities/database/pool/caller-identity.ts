// Tells the server on whose behalf a role's connection works, by a key that never leaves the host. Must never be reachable from guest text, nor go on when the server did not take it.
import { createHash, randomBytes } from 'node:crypto';
import type { Client, Connection, Submittable } from 'pg';
import type { Caller } from '../../../bridge/capability.ts';
import { callerSchema } from '../role/caller-schema.ts';

/** What the variables of row rules stand for. null: the caller has none, and nothing matches. */
export interface CallerValues {
  readonly tenant: string;
  readonly user: string | null;
  readonly role: string | null;
}

const textOf = (value: unknown): string | null => (typeof value === 'string' || typeof value === 'number' ? String(value) : null);

export const makeCallerValues = ({ tenant, accountability }: Pick<Caller, 'tenant' | 'accountability'>): CallerValues => ({
  tenant,
  user: textOf(accountability?.['user']),
  role: textOf(accountability?.['role']),
});

/** Everything with its schema, so that no search path leads elsewhere; never prepared under a name, which the guest's text could take. */
const enterSql = `select ${callerSchema}.enter($1::pg_catalog.text, $2::pg_catalog.text, $3::pg_catalog.text, $4::pg_catalog.text)`;

/** As much of the driver's own as an exchange may be told of. */
type Exchange = Submittable & {
  handleRowDescription?(message: unknown): void;
  handleDataRow?(message: unknown): void;
  handlePortalSuspended?(wire: Connection): void;
  handleCommandComplete?(message: unknown, wire: Connection): void;
  handleEmptyQuery?(wire: Connection): void;
  handleError(error: unknown, wire: Connection): void;
  handleReadyForQuery(wire: Connection): void;
  handleCopyInResponse?(wire: Connection): void;
  handleCopyData?(message: unknown, wire: Connection): void;
};

/** The connection was not registered, or is so no more. */
export class CallerUnknownError extends Error {}

/** One exchange with `enter` written in front of it: one round trip and one transaction, so what fails takes both back. */
class Preceded implements Submittable {
  readonly #inner: Exchange;
  readonly #values: readonly (string | null)[];
  readonly #onOver: (failed: boolean) => void;
  #entering = true;
  #failed = false;

  constructor(inner: Exchange, values: readonly (string | null)[], onOver: (failed: boolean) => void) {
    this.#inner = inner;
    this.#values = values;
    this.#onOver = onOver;
  }

  submit(wire: Connection): Error | null {
    wire.stream.cork();
    try {
      wire.parse({ name: '', text: enterSql, types: [] }, true);
      wire.bind({ statement: '', values: [...this.#values] }, true);
      // (The driver declares the number as text, and writes it as a number.)
      wire.execute({ rows: '0' }, true);
      return this.#inner.submit(wire) ?? null;
    } finally {
      wire.stream.uncork();
    }
  }

  handleRowDescription(message: unknown): void {
    this.#inner.handleRowDescription?.(message);
  }

  handleDataRow(message: unknown): void {
    if (!this.#entering) this.#inner.handleDataRow?.(message);
  }

  handlePortalSuspended(wire: Connection): void {
    this.#inner.handlePortalSuspended?.(wire);
  }

  handleCommandComplete(message: unknown, wire: Connection): void {
    if (this.#entering) this.#entering = false;
    else this.#inner.handleCommandComplete?.(message, wire);
  }

  handleEmptyQuery(wire: Connection): void {
    this.#inner.handleEmptyQuery?.(wire);
  }

  handleError(error: unknown, wire: Connection): void {
    this.#failed = true;
    this.#onOver(true);
    if (!this.#entering) return this.#inner.handleError(error, wire);
    // Whoever this connection is for, it does not know it: nothing more runs on it.
    this.#inner.handleError(new CallerUnknownError('the server did not take on whose behalf the statement runs', { cause: error }), wire);
    wire.stream.destroy();
  }

  handleReadyForQuery(wire: Connection): void {
    if (!this.#failed) this.#onOver(false);
    this.#inner.handleReadyForQuery(wire);
  }

  handleCopyInResponse(wire: Connection): void {
    this.#inner.handleCopyInResponse?.(wire);
  }

  handleCopyData(message: unknown, wire: Connection): void {
    this.#inner.handleCopyData?.(message, wire);
  }
}

export class CallerIdentity {
  readonly #key = randomBytes(32).toString('hex');
  #wanted: readonly (string | null)[] | undefined;
  /** What the server has committed; undefined: not known. */
  #entered: string | undefined;

  /** All the server is ever given of the key beside the bindings of `enter`. */
  get digest(): Buffer {
    return createHash('sha256').update(this.#key).digest();
  }

  /** Whom the next exchange is for. Nothing is sent yet. */
  isFor({ tenant, user, role }: CallerValues): void {
    this.#wanted = [tenant, user, role];
  }

  /** Puts `enter` in front of an exchange where the server has somebody else. */
  precede(client: Client, exchange: Submittable): Submittable {
    if (this.#wanted === undefined) return exchange;
    const text = JSON.stringify(this.#wanted);
    if (text === this.#entered) return exchange;
    this.#entered = undefined;
    return new Preceded(exchange as Exchange, [this.#key, ...this.#wanted], (failed) => {
      // What was said inside a transaction that goes on is taken back if that is.
      if (!failed && client.getTransactionStatus() === 'I') this.#entered = text;
    });
  }

  /** In an exchange of its own, for what has to be the first statement of its transaction. */
  async enter(client: Client): Promise<void> {
    if (this.#wanted === undefined || JSON.stringify(this.#wanted) === this.#entered) return;
    const text = JSON.stringify(this.#wanted);
    this.#entered = undefined;
    await client.query({ text: enterSql, values: [this.#key, ...this.#wanted] });
    this.#entered = text;
  }
}
