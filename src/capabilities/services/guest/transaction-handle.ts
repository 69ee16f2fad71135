// From the Knex an extension passes as `knex` to the host's number of its transaction. Runs in the isolate; must never be trusted: the host looks the number up among those of the lease.

interface KnexLike {
  readonly isTransaction?: unknown;
  isCompleted?(): boolean;
  readonly client?: { acquireConnection?(): Promise<{ readonly transaction?: unknown }> };
}

export const invalid = (message: string): Error =>
  Object.assign(new Error(message), { code: 'ERR_ARGUMENT_INVALID', status: 400, extensions: {} });

/** undefined for the root connection, which joins nothing. */
export const transactionOf = async (knex: unknown): Promise<number | undefined> => {
  if (knex === undefined || knex === null) return undefined;
  if (typeof knex !== 'function') throw invalid('"knex" is neither the database of this extension nor a transaction of it');
  const { client, isTransaction, isCompleted } = knex as unknown as KnexLike;
  if (client === undefined || client === null) throw invalid('"knex" is neither the database of this extension nor a transaction of it');
  if (isTransaction !== true) return undefined;
  if (typeof isCompleted === 'function' && isCompleted()) throw invalid('the transaction given as "knex" has ended');
  const connection = await client.acquireConnection?.();
  const transaction = connection?.transaction;
  if (typeof transaction !== 'number') throw invalid('the transaction given as "knex" is not one of this extension');
  return transaction;
};
