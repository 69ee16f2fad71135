// One exchange with the server that can be given up: the guest's answer never waits for a server that does not obey. Must never leave a given-up connection in use.
import type { CloisterError } from '../../../errors.ts';
import { databaseBounds } from '../bounds.ts';
import { makeUnavailableFailure } from '../failure.ts';
import type { RoleConnection } from './role-connection.ts';

export interface Exchange<Outcome> {
  readonly result: Promise<Outcome>;
  /** true: the connection is being cancelled and ended. */
  readonly givenUp: boolean;
  /** Fails it now with this error, cancels it in the server and ends the connection. */
  giveUp(error: CloisterError): void;
}

export const startExchange = <Outcome>(
  connection: RoleConnection,
  statementMs: number,
  work: () => Promise<Outcome>,
): Exchange<Outcome> => {
  let givenUp = false;
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const giveUp = (error: CloisterError): void => {
    if (givenUp) return;
    givenUp = true;
    reject(error);
    // In the background: the answer does not wait for the server to obey.
    void connection.cancel();
  };
  // The server's own timeout comes first; this is for a server that no longer answers.
  const watch = setTimeout(() => {
    connection.fallSilent();
    giveUp(makeUnavailableFailure());
  }, statementMs + databaseBounds.silenceMs.value);
  work().then(resolve, reject);
  const stop = (): void => clearTimeout(watch);
  promise.then(stop, stop);
  return {
    result: promise,
    giveUp,
    get givenUp() {
      return givenUp;
    },
  };
};
