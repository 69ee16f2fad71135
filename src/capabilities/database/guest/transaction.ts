// Knex's own transaction, whose BEGIN, COMMIT and savepoints are calls to the host instead of text. Runs in the isolate; must never be trusted to end anything: the host does with the lease.
/// <reference path="../knex-inner.d.ts" />
import PgTransaction from 'knex/lib/dialects/postgres/execution/pg-transaction.js';
import type { Control, GuestConnection } from './connection.ts';

/** Knex still says the text, for its events; the client finds what it stands for on the connection. */
const announce = (connection: GuestConnection, method: Control['method'], args: Control['args'] = {}): void => {
  connection.control = { method, args };
};

export class GuestTransaction extends PgTransaction {
  override begin(connection: GuestConnection): unknown {
    const { isolationLevel, readOnly } = this;
    announce(connection, 'begin', {
      ...(isolationLevel === undefined ? {} : { isolation: isolationLevel }),
      ...(readOnly === undefined || readOnly === null ? {} : { readOnly: Boolean(readOnly) }),
    });
    return super.begin(connection);
  }

  override commit(connection: GuestConnection, value?: unknown): unknown {
    announce(connection, 'commit');
    return super.commit(connection, value);
  }

  override rollback(connection: GuestConnection, error?: unknown): unknown {
    announce(connection, 'rollback');
    return super.rollback(connection, error);
  }

  override savepoint(connection: GuestConnection): unknown {
    announce(connection, 'savepoint', { id: this.txid });
    return super.savepoint(connection);
  }

  override release(connection: GuestConnection, value?: unknown): unknown {
    announce(connection, 'release', { id: this.txid });
    return super.release(connection, value);
  }

  override rollbackTo(connection: GuestConnection, error?: unknown): unknown {
    announce(connection, 'rollbackTo', { id: this.txid });
    return super.rollbackTo(connection, error);
  }
}
