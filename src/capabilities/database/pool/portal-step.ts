// One piece of a result that is read in pieces: a portal inside a transaction, of which the server sends so many rows and stops. Must never ask for the rest.
import type { Connection, Submittable } from 'pg';
import type { WireValue } from './statement.ts';

export interface PortalStepRequest {
  /** Made by the host. */
  readonly portal: string;
  /** The statement, for the first piece. */
  readonly open?: { readonly text: string; readonly values: readonly WireValue[] } | undefined;
  /** 0 where the portal is only to be closed. */
  readonly rows: number;
}

export interface PortalPiece {
  /** Of the first piece. */
  readonly fieldsJson: string;
  readonly rows: readonly (readonly (string | null)[])[];
  /** There is nothing more. */
  readonly done: boolean;
}

export class PortalStep implements Submittable {
  readonly #request: PortalStepRequest;
  readonly #settle: (error: unknown, piece: PortalPiece | undefined) => void;
  #fieldsJson = '[]';
  readonly #rows: (readonly (string | null)[])[] = [];
  #done = false;

  constructor(request: PortalStepRequest, settle: (error: unknown, piece: PortalPiece | undefined) => void) {
    this.#request = request;
    this.#settle = settle;
  }

  submit(wire: Connection): null {
    const { portal, open, rows } = this.#request;
    wire.stream.cork();
    try {
      if (open !== undefined) {
        wire.parse({ name: '', text: open.text, types: [] }, true);
        wire.bind({ portal, statement: '', values: [...open.values] }, true);
        wire.describe({ type: 'P', name: portal }, true);
      }
      // (The driver declares the number as text, and writes it as a number.)
      if (rows > 0) wire.execute({ portal, rows: String(rows) }, true);
      else wire.close({ type: 'P', name: portal }, true);
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
    return null;
  }

  handleRowDescription(message: { readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[] }): void {
    this.#fieldsJson = JSON.stringify(message.fields.map((field) => [field.name, field.dataTypeID]));
  }

  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void {
    this.#rows.push(message.fields);
  }

  handlePortalSuspended(): void {
    this.#done = false;
  }

  handleCommandComplete(): void {
    this.#done = true;
  }

  handleEmptyQuery(): void {
    this.#done = true;
  }

  handleError(error: unknown): void {
    this.#settle(error, undefined);
  }

  handleReadyForQuery(): void {
    this.#settle(undefined, { fieldsJson: this.#fieldsJson, rows: this.#rows, done: this.#done });
  }

  handleCopyInResponse(wire: Connection): void {
    wire.stream.destroy();
  }

  handleCopyData(): void {
    // COPY is refused by admission; where that is off, it ends the connection above.
  }
}
