// Runs admitted statements for one extension, on connections that logged in as its own role. Must never run one on the host's connection.
import { LRUCache } from 'lru-cache';
import type { Caller, CallResult, CapabilityInstance } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import type { Analyse, Analysis } from './admission/analysis.ts';
import { databaseBounds } from './bounds.ts';
import type { Binding, DescribeArgs, QueryArgs } from './contract.ts';
import { makeDescriber } from './describe/describer.ts';
import { makeBusyFailure, makeFailure, makeLimitFailure, makeTimeoutFailure } from './failure.ts';
import type { ResolvedGrant } from './grant.ts';
import { tableKey } from './names.ts';
import { makeCallerValues } from './pool/caller-identity.ts';
import { ByteCapError, RoleConnection } from './pool/role-connection.ts';
import { PoolBusyError, PoolClosedError, RolePool } from './pool/role-pool.ts';
import { RowCapError, type StatementOutcome, type WireValue } from './pool/statement.ts';
import type { DatabaseResource } from './resource.ts';
import type { Shadows } from './role/findings.ts';
import type { RoleIdentity } from './role/identity.ts';
import { dependsOnCaller } from './role/row-policies.ts';

export interface InstanceParts {
  readonly extension: string;
  readonly grant: ResolvedGrant;
  readonly identity: RoleIdentity;
  readonly shadows: Shadows;
  readonly resource: DatabaseResource;
  readonly analyse: Analyse;
  readonly maxResultBytes: number;
}

const closeGraceMs = 2_000;
const maxSeen = 1_000;
const maxApplicationName = 63;

const toWire = (value: Binding): WireValue => {
  if (value === null) return null;
  if (typeof value === 'object') return Buffer.from(value.$bytes, 'base64');
  return String(value);
};

const leaseOver = (): CloisterError => new CloisterError('ERR_LEASE_OVER', 'the request ended while its statement ran');

const toJson = (outcome: StatementOutcome): string =>
  `{"command":${JSON.stringify(outcome.command)},"rowCount":${String(outcome.rowCount)},"fields":${outcome.fieldsJson},"rows":${JSON.stringify(outcome.rows)}}`;

/** Of safe functions and tables alone. */
const isPlain = (analysis: Analysis): boolean => analysis.ok && analysis.functions.length === 0;

/** A name that admission lets through and that means one of the database's own functions here. */
const findShadowed = (analysis: Analysis, shadows: Shadows): string | undefined =>
  analysis.ok
    ? (analysis.calls.find((name) => shadows.functions.has(name)) ?? analysis.attributes.find((name) => shadows.attributes.has(name)))
    : undefined;

export const openInstance = async (parts: InstanceParts): Promise<CapabilityInstance> => {
  const { extension, grant, identity, shadows, resource, analyse, maxResultBytes } = parts;
  const describer = makeDescriber(extension, grant, resource);
  const applicationName = `cloister:${extension}`.slice(0, maxApplicationName);
  const pool = new RolePool({
    maxConnections: resource.maxConnections,
    idleMs: resource.idleMs,
    maxWaiting: databaseBounds.waiting.value,
    connect: (onEnd) =>
      RoleConnection.open(
        resource.makeRoleClient(identity, applicationName),
        resource.address,
        onEnd,
        dependsOnCaller(grant) ? (client) => resource.register(client) : undefined,
      ),
  });
  /** Texts seen before: what comes a second time is worth preparing. */
  const seen = new LRUCache<string, true>({ max: maxSeen });
  const isGranted = (schema: string, table: string): boolean => grant.tables.has(tableKey(schema, table));

  const refuseShadowed = (analysis: Analysis): void => {
    const name = findShadowed(analysis, shadows);
    if (name === undefined) return;
    throw new CloisterError('ERR_CAPABILITY_DENIED', `the name ${name} would call a function of the database's own, which is not granted`, {
      rule: `database.functions.${name}`,
    });
  };

  const acquire = async (caller: Caller): Promise<RoleConnection> => {
    try {
      const connection = pool.take() ?? (await pool.wait(caller.signal));
      connection.isFor(makeCallerValues(caller));
      return connection;
    } catch (error) {
      if (caller.signal.aborted) throw leaseOver();
      if (error instanceof PoolBusyError) throw makeBusyFailure();
      if (error instanceof PoolClosedError) throw new CloisterError('ERR_RUNTIME_CLOSED', 'the database is closed');
      throw makeFailure(error, isGranted);
    }
  };

  const explain = (error: unknown, maxRows: number): CloisterError => {
    if (error instanceof RowCapError) return makeLimitFailure('maxRows', maxRows);
    if (error instanceof ByteCapError) return makeLimitFailure('resultBytes', maxResultBytes);
    return makeFailure(error, isGranted);
  };

  /** Nothing admitted by default leaves anything on a connection (README.md says why); what a granted function leaves is discarded. */
  const giveBack = (connection: RoleConnection, analysis: Analysis): void => {
    if (isPlain(analysis)) return pool.release(connection);
    // Only audit mode lets such a statement come here, and it can have left anything.
    if (!analysis.ok) return connection.destroy(new PoolClosedError());
    void connection.reset().then(
      () => pool.release(connection),
      (error: Error) => connection.destroy(error),
    );
  };

  const run = async (connection: RoleConnection, args: QueryArgs, analysis: Analysis, caller: Caller): Promise<StatementOutcome> => {
    let ended: CloisterError | undefined;
    let giveUp: (error: CloisterError) => void = () => undefined;
    const givenUp = new Promise<never>((_resolve, reject) => {
      giveUp = (error) => {
        ended = error;
        reject(error);
        // In the background: the guest's answer does not wait for the server to obey.
        void connection.cancel();
      };
    });
    const onAbort = (): void => giveUp(leaseOver());
    caller.signal.addEventListener('abort', onAbort, { once: true });
    // The server's own timeout comes first; this is for a server that no longer answers.
    const watch = setTimeout(() => giveUp(makeTimeoutFailure(grant.statementMs)), grant.statementMs + databaseBounds.silenceMs.value);
    try {
      const request = {
        text: args.sql,
        values: args.bindings.map(toWire),
        maxRows: grant.maxRows,
        atomic: !analysis.ok || (analysis.writes && analysis.answersRows),
      };
      const again = seen.get(args.sql) === true;
      if (!again) seen.set(args.sql, true);
      return await Promise.race([connection.run(request, maxResultBytes, again && isPlain(analysis)), givenUp]);
    } catch (error) {
      throw ended ?? explain(error, grant.maxRows);
    } finally {
      clearTimeout(watch);
      caller.signal.removeEventListener('abort', onAbort);
      if (ended === undefined) giveBack(connection, analysis);
    }
  };

  const query = async (args: QueryArgs, caller: Caller): Promise<CallResult> => {
    if (caller.signal.aborted) throw leaseOver();
    const analysis = analyse(args.sql);
    refuseShadowed(analysis);
    const connection = await acquire(caller);
    const outcome = await run(connection, args, analysis, caller);
    const json = toJson(outcome);
    if (json.length * 3 > maxResultBytes && Buffer.byteLength(json) > maxResultBytes) throw makeLimitFailure('resultBytes', maxResultBytes);
    return { json, rows: outcome.rows.length === 0 ? (outcome.rowCount ?? 0) : outcome.rows.length };
  };

  return {
    async call(method, args, caller) {
      if (method === 'describe') return { json: await describer.describe((args as DescribeArgs).refresh === true) };
      if (method !== 'query') throw new CloisterError('ERR_METHOD_UNKNOWN', `the database has no method ${method}`);
      return await query(args as QueryArgs, caller);
    },
    bootValue: () => null,
    async close() {
      await pool.close(closeGraceMs);
    },
  };
};
