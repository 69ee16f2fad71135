// Statements straight over a connection that logged in as an extension's role, on behalf of a caller, with admission nowhere. Must never soften what the server answers.
import type { Caller } from '../../src/bridge/capability.ts';
import { makeFailure } from '../../src/capabilities/database/failure.ts';
import { makeCallerValues } from '../../src/capabilities/database/pool/caller-identity.ts';
import { RoleConnection } from '../../src/capabilities/database/pool/role-connection.ts';
import { makeRoleIdentity } from '../../src/capabilities/database/role/identity.ts';
import { CloisterError } from '../../src/errors.ts';
import type { DatabaseHarness } from './database-harness.ts';

export interface Straight {
  /** null, or the SQLSTATE it failed with. */
  readonly refused: string | null;
  readonly rows: readonly (readonly (string | null)[])[];
  readonly rowCount: number | null;
  /** Whatever a guest would get to read, of the answer or of the error. */
  readonly text: string;
  /** The server's own words, which no guest gets whole. */
  readonly serverText: string;
}

export interface StraightConnection {
  run(sql: string, bindings?: readonly (string | number | boolean | null)[]): Promise<Straight>;
  /** From now on it is for somebody else. */
  isFor(caller: Pick<Caller, 'tenant' | 'accountability'>): void;
  close(): Promise<void>;
}

type CallerOf = Pick<Caller, 'tenant' | 'accountability'>;

const maxRows = 100_000;
const maxBytes = 100_000_000;

/** The extension was opened before, so that its role is there. */
export const openStraight = async ({ resource }: DatabaseHarness, caller: CallerOf, id = 'test'): Promise<StraightConnection> => {
  const identity = makeRoleIdentity(id, resource.database, resource.namespace, resource.roleSecret);
  const connection = await RoleConnection.open(
    resource.makeRoleClient(identity, 'straight'),
    resource.address,
    () => undefined,
    (client) => resource.register(client),
  );
  let current = makeCallerValues(caller);
  const fail = (error: unknown): Straight => {
    const told = makeFailure(error, () => true);
    if (!(told instanceof CloisterError)) throw error;
    const refused = String(told.details['sqlState'] ?? told.code);
    return {
      refused,
      rows: [],
      rowCount: 0,
      text: `${told.message} ${JSON.stringify(told.details)}`,
      serverText: JSON.stringify(error, Object.getOwnPropertyNames(error)),
    };
  };
  return {
    isFor(other) {
      current = makeCallerValues(other);
    },
    async run(sql, bindings = []) {
      try {
        await connection.enter(current);
        const values = bindings.map((value) => (value === null ? null : String(value)));
        const { rows, rowCount } = await connection.run({ text: sql, values, maxRows, atomic: false }, maxBytes, null);
        return { refused: null, rows, rowCount, text: JSON.stringify(rows), serverText: '' };
      } catch (error) {
        return fail(error);
      }
    },
    close: () => connection.close(),
  };
};
