// Stands in for tarn: the guest's Knex has no connections to pool. Must never hand one out.
import { makeNotGranted } from '../http/node-error.ts';

export class Pool {
  constructor() {
    throw makeNotGranted('a connection pool');
  }
}

/** Knex asks whether an error is one. */
export class TimeoutError extends Error {}
