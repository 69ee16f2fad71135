// What stands for a connection where Knex asks for one. Runs in the isolate; must never hold more than numbers the host gave out.

/** A call about the transaction itself that its next statement text stands for. */
export interface Control {
  readonly method: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollbackTo';
  readonly args: Readonly<Record<string, unknown>>;
}

export interface GuestConnection {
  /** In events, as Knex's own. */
  readonly __knexUid: string;
  /** The host's number for the transaction that has it. */
  transaction?: number | undefined;
  /** Savepoints by the id of their nested transaction. */
  savepoints?: Map<string, number>;
  control?: Control | undefined;
  /** By which the statement that runs can be cancelled. */
  tag?: number | undefined;
}

let lastTag = 0;

export const makeConnection = (): GuestConnection => ({ __knexUid: '__knexUid1' });

export const nextTag = (): number => {
  lastTag = lastTag >= 1_000_000 ? 1 : lastTag + 1;
  return lastTag;
};
