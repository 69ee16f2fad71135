// One statement on the wire, by the extended protocol only, its rows counted as they come. Must never hold more rows or bytes than its caps, nor let one over them commit.
import type { Connection, Submittable } from 'pg';

/** A binding as the driver writes it: text, bytes, or NULL. */
export type WireValue = string | Buffer | null;

export interface StatementRequest {
  readonly text: string;
  readonly values: readonly WireValue[];
  readonly maxRows: number;
  /** Changes rows and answers with rows: only a whole answer may commit. */
  readonly atomic: boolean;
}

export interface StatementOutcome {
  readonly command: string;
  readonly rowCount: number | null;
  /** JSON text of `[name, dataTypeID]` pairs. */
  readonly fieldsJson: string;
  readonly rows: readonly (readonly (string | null)[])[];
}

/** What a prepared statement is known by on its connection. */
export interface Prepared {
  readonly name: string;
  /** undefined until the server has described it. */
  fieldsJson: string | undefined;
}

/** Over the row cap. The statement had no effect. */
export class RowCapError extends Error {}

const noStatement = 'cloister_none';

export class Statement implements Submittable {
  readonly #request: StatementRequest;
  readonly #prepared: Prepared | undefined;
  /** Prepared statements the connection no longer wants. */
  readonly #closing: readonly string[];
  readonly #settle: (error: unknown, outcome: StatementOutcome | undefined) => void;
  #fieldsJson = '[]';
  #command = '';
  #rows: (readonly (string | null)[])[] = [];
  #overCap = false;
  #synced = false;

  constructor(
    request: StatementRequest,
    prepared: Prepared | undefined,
    closing: readonly string[],
    settle: (error: unknown, outcome: StatementOutcome | undefined) => void,
  ) {
    this.#request = request;
    this.#prepared = prepared;
    this.#closing = closing;
    this.#settle = settle;
  }

  submit(wire: Connection): null {
    const { text, values, maxRows, atomic } = this.#request;
    const name = this.#prepared?.name ?? '';
    const known = this.#prepared?.fieldsJson;
    wire.stream.cork();
    try {
      for (const old of this.#closing) wire.close({ type: 'S', name: old }, true);
      if (known === undefined) wire.parse({ name, text, types: [] }, true);
      wire.bind({ statement: name, values: [...values] }, true);
      if (known === undefined) wire.describe({ type: 'P', name: '' }, true);
      else this.#fieldsJson = known;
      // (The driver declares the number as text, and writes it as a number.)
      // One more than allowed: the server stops there and says so, and nothing past it is ever computed or sent.
      wire.execute({ rows: String(maxRows + 1) }, true);
      // Sync commits. Where that must wait for the answer, the answer is flushed out first.
      if (atomic) wire.flush();
      else this.#sync(wire);
    } finally {
      wire.stream.uncork();
    }
    return null;
  }

  #sync(wire: Connection): void {
    this.#synced = true;
    wire.sync();
  }

  handleRowDescription(message: { readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[] }): void {
    this.#fieldsJson = JSON.stringify(message.fields.map((field) => [field.name, field.dataTypeID]));
  }

  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void {
    this.#rows.push(message.fields);
  }

  handlePortalSuspended(wire: Connection): void {
    this.#overCap = true;
    this.#rows = [];
    if (this.#synced) return;
    // An error inside the implicit transaction undoes what the statement did.
    wire.bind({ statement: noStatement, values: [] }, true);
    this.#sync(wire);
  }

  handleCommandComplete(message: { readonly text: string }, wire: Connection): void {
    this.#command = message.text;
    if (!this.#synced) this.#sync(wire);
  }

  handleEmptyQuery(wire: Connection): void {
    if (!this.#synced) this.#sync(wire);
  }

  handleError(error: unknown, wire: Connection): void {
    if (!this.#synced) this.#sync(wire);
    this.#settle(this.#overCap ? new RowCapError() : error, undefined);
  }

  handleReadyForQuery(): void {
    if (this.#overCap) return this.#settle(new RowCapError(), undefined);
    if (this.#prepared !== undefined) this.#prepared.fieldsJson = this.#fieldsJson;
    const [command = '', ...counts] = this.#command.split(' ');
    // «INSERT 0 1» counts, «CREATE TABLE» does not.
    const count = /^\d+$/.test(counts.at(-1) ?? '') ? counts.at(-1) : undefined;
    this.#settle(undefined, {
      command,
      rowCount: count === undefined ? null : Number(count),
      fieldsJson: this.#fieldsJson,
      rows: this.#rows,
    });
  }

  /** COPY is refused by admission; where that is off, it ends the connection. */
  handleCopyInResponse(wire: Connection): void {
    wire.stream.destroy();
  }

  handleCopyData(): void {
    this.#rows = [];
  }
}
