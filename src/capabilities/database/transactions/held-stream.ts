// A result read piece by piece, inside a transaction. Must never hold more than one piece, nor read one that was not asked for.
import type { CloisterError } from '../../../errors.ts';
import { databaseBounds } from '../bounds.ts';
import { makeLimitFailure } from '../failure.ts';
import type { PortalPiece } from '../pool/portal-step.ts';
import type { WireValue } from '../pool/statement.ts';
import type { HeldTransaction, Residue } from './held-transaction.ts';

export interface StreamParts {
  readonly transaction: HeldTransaction;
  /** The transaction was made for this stream and ends with it. */
  readonly own: boolean;
  readonly portal: string;
  readonly text: string;
  readonly values: readonly WireValue[];
  readonly maxRows: number;
  readonly maxBytes: number;
  /** Rows of one piece the guest wants, at most. */
  readonly wishedRows: number;
  readonly residue: Residue;
}

export interface Piece {
  readonly fieldsJson: string;
  readonly rowsJson: string;
  readonly rows: number;
  readonly done: boolean;
}

export class HeldStream {
  readonly #parts: StreamParts;
  #rows = 0;
  #nextRows: number;
  #opened = false;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.#nextRows = Math.min(parts.wishedRows, databaseBounds.firstPieceRows.value);
  }

  async read(): Promise<Piece> {
    const { transaction, portal, text, values, maxRows, maxBytes, residue } = this.#parts;
    const open = this.#opened ? undefined : { text, values };
    this.#opened = true;
    // One more than allowed tells a result that is over the cap from one that fills it.
    const rows = Math.min(this.#nextRows, maxRows - this.#rows + 1);
    const piece = await transaction.run((connection) => connection.readPiece({ portal, open, rows }, maxBytes), residue);
    this.#rows += piece.rows.length;
    if (this.#rows > maxRows) throw makeLimitFailure('maxRows', maxRows);
    return this.#measure(piece);
  }

  /** How many rows fit the next piece, going by this one. */
  #measure(piece: PortalPiece): Piece {
    const rowsJson = JSON.stringify(piece.rows);
    const fitting = Math.floor((databaseBounds.pieceBytes.value * Math.max(1, piece.rows.length)) / Math.max(1, rowsJson.length));
    this.#nextRows = Math.max(1, Math.min(fitting, this.#parts.wishedRows));
    return { fieldsJson: piece.fieldsJson, rowsJson, rows: piece.rows.length, done: piece.done };
  }

  /** Ends the portal; where the transaction is its own, that too: what a statement in it changed stays, as after one that was not streamed. */
  async close(over: CloisterError): Promise<void> {
    const { transaction, own, portal, maxBytes } = this.#parts;
    if (own) await transaction.finish('commit', over);
    else if (transaction.over === undefined) await transaction.run((connection) => connection.readPiece({ portal, rows: 0 }, maxBytes));
  }

  /** Undoes it where the transaction is its own. */
  kill(error: CloisterError): void {
    if (this.#parts.own) this.#parts.transaction.kill(error);
  }
}
