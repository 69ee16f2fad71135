// Runs admitted statements for one extension, on connections that logged in as its own role. Must never run one on the host's connection.
import type { Caller, CallResult, CapabilityInstance, Policy } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import type { Admission, Admitted } from './admission/admission.ts';
import type { Analyse, Analysis } from './admission/analysis.ts';
import { bindExtra, dropChecks } from './admission/bind.ts';
import { databaseBounds } from './bounds.ts';
import type { DatabaseGrant } from './contract.ts';
import { makeDescriber } from './describe/describer.ts';
import { makeBusyFailure, makeCancelledFailure, makeFailure, makeLimitFailure, makeWaitFailure } from './failure.ts';
import { narrowGrant, type ResolvedGrant } from './grant.ts';
import { type Binding, bringsStatement, type DescribeArgs, type QueryArgs } from './methods.ts';
import { tableKey } from './names.ts';
import { makeCallerValues } from './pool/caller-identity.ts';
import { startExchange } from './pool/exchange.ts';
import { ByteCapError, RoleConnection } from './pool/role-connection.ts';
import { PoolBusyError, PoolClosedError, PoolSlowError, RolePool } from './pool/role-pool.ts';
import { RowCapError, type StatementOutcome, type WireValue } from './pool/statement.ts';
import type { Use } from './pool/waiting-line.ts';
import type { DatabaseResource } from './resource.ts';
import type { Shadows } from './role/findings.ts';
import type { RoleIdentity } from './role/identity.ts';
import { dependsOnCaller } from './role/row-policies.ts';
import { makeTenantSchemas, type TenantSchemas } from './role/tenant-schemas.ts';
import { makeShares } from './shares.ts';
import { makeHeldMethods } from './transactions/held-methods.ts';
import type { Residue } from './transactions/held-transaction.ts';
import { type LeaseWork, makeLeaseWorks } from './transactions/lease-work.ts';

export interface InstanceParts {
  readonly extension: string;
  readonly grant: ResolvedGrant;
  readonly identity: RoleIdentity;
  readonly shadows: Shadows;
  readonly resource: DatabaseResource;
  readonly analyse: Analyse;
  readonly admission: Admission;
  /** The same under less. Throws where the role that there is cannot serve it. */
  admissionUnder(grant: ResolvedGrant): Admission;
  readonly maxResultBytes: number;
  /** What statements call the schema of the extension's own tables; null: it has none. */
  readonly ownSchema?: string | null;
}

/** A statement that may run, as it goes to the server. */
export interface AdmittedStatement {
  readonly text: string;
  readonly values: readonly WireValue[];
  readonly admitted: Admitted;
  readonly analysis: Analysis;
  readonly residue: Residue;
  readonly checkColumns: number;
  readonly defines: boolean;
}

const noUses = Object.freeze({});
const closeGraceMs = 2_000;
const maxApplicationName = 63;

const toWire = (value: Binding): WireValue => {
  if (value === null) return null;
  if (typeof value === 'object') return Buffer.from(value.$bytes, 'base64');
  return String(value);
};

const leaseOver = (): CloisterError => new CloisterError('ERR_LEASE_OVER', 'the request ended while its statement ran');

const toJson = (outcome: StatementOutcome): string =>
  `{"command":${JSON.stringify(outcome.command)},"rowCount":${String(outcome.rowCount)},"fields":${outcome.fieldsJson},"rows":${JSON.stringify(outcome.rows)}}`;

/** A definition runs inside a block, and is called by its own name. */
const named = (outcome: StatementOutcome, { analysis, defines }: AdmittedStatement): StatementOutcome =>
  defines && analysis.ok ? { ...outcome, command: (analysis.kind.split(' ', 1)[0] ?? '').toUpperCase() } : outcome;

/** Nothing admitted by default leaves anything on a connection (README.md says why); what a granted function leaves is discarded. */
const residueOf = (analysis: Analysis): Residue => {
  if (!analysis.ok) return 'any';
  return analysis.functions.length === 0 ? 'none' : 'some';
};

/** A name that admission lets through and that means one of the database's own functions here. */
const findShadowed = (analysis: Analysis, shadows: Shadows): string | undefined =>
  analysis.ok
    ? (analysis.calls.find((name) => shadows.functions.has(name)) ?? analysis.attributes.find((name) => shadows.attributes.has(name)))
    : undefined;

/** What only the intersection of the grants and the catalog can judge: columns, row rules, forced values. */
export const makeStatementPolicy =
  (admission: Pick<Admission, 'decide'>): Policy =>
  (method, args, tenant = '') =>
    bringsStatement(method) ? admission.decide((args as QueryArgs).sql, tenant) : { allow: true, rule: `database.${method}` };

/** What all tenants of an extension share. */
interface Shared {
  readonly pool: RolePool;
  /** What comes a second time is worth preparing. */
  readonly seen: WeakSet<Admitted>;
  readonly tenantSchemas: TenantSchemas;
  readonly workOf: (signal: AbortSignal) => LeaseWork;
}

export const openInstance = (parts: InstanceParts): CapabilityInstance => {
  const { extension, grant, identity, resource, ownSchema = null } = parts;
  const applicationName = `cloister:${extension}`.slice(0, maxApplicationName);
  const pool = new RolePool({
    maxConnections: resource.maxConnections,
    idleMs: resource.idleMs,
    maxWaiting: databaseBounds.waiting.value,
    maxTenantWaiting: databaseBounds.tenantWaiting.value,
    waitMs: resource.waitMs,
    onSilence: () => resource.renew(),
    connect: (onEnd) =>
      RoleConnection.open(
        resource.makeRoleClient(identity, applicationName),
        resource.address,
        onEnd,
        dependsOnCaller(grant) ? (client) => resource.register(client) : undefined,
      ),
  });
  const forget = resource.onRenew(() => pool.distrust());
  const shared: Shared = {
    pool,
    seen: new WeakSet(),
    tenantSchemas: makeTenantSchemas({ extension, identity, resource, ownSchema }),
    workOf: makeLeaseWorks(leaseOver),
  };
  return {
    ...makeInstance(parts, shared),
    async close() {
      forget();
      await pool.close(closeGraceMs);
    },
  };
};

const makeInstance = (parts: InstanceParts, shared: Shared): CapabilityInstance => {
  const { extension, grant, shadows, resource, analyse, admission, maxResultBytes } = parts;
  const { pool, seen, tenantSchemas, workOf } = shared;
  const shares = makeShares(grant);
  const describer = makeDescriber(extension, grant, resource);
  const isGranted = (schema: string, table: string): boolean => grant.tables.has(tableKey(schema, table)) || tenantSchemas.isOwn(schema);

  const admit = (args: QueryArgs, caller: Caller): AdmittedStatement => {
    const analysis = analyse(args.sql, caller.tenant);
    const name = findShadowed(analysis, shadows);
    if (name !== undefined)
      throw new CloisterError(
        'ERR_CAPABILITY_DENIED',
        `the name ${name} would call a function of the database's own, which is not granted`,
        { rule: `database.functions.${name}` },
      );
    const admitted = admission.find(args.sql, caller.tenant);
    if (admitted === undefined)
      throw new CloisterError('ERR_CAPABILITY_DENIED', 'the statement is not admitted', { rule: 'database.query' });
    const { text, checkColumns, defines = false } = admitted;
    const values = bindExtra(admitted, args.bindings, caller).map(toWire);
    return { text, values, admitted, analysis, residue: residueOf(analysis), checkColumns, defines };
  };

  /** A definition answers with nothing that could come in pieces. */
  const admitStream = (args: QueryArgs, caller: Caller): AdmittedStatement => {
    const statement = admit(args, caller);
    if (!statement.defines) return statement;
    throw new CloisterError('ERR_CAPABILITY_DENIED', 'a definition is no stream', { rule: 'database.ddl.form' });
  };

  const acquire = async (caller: Caller, use: Use): Promise<RoleConnection> => {
    try {
      const connection = pool.take(caller.tenant, use) ?? (await pool.wait(caller.tenant, use, caller.signal));
      const values = makeCallerValues(caller);
      if (connection.isFor(values)) return connection;
      await connection.enter(values);
      if (!caller.signal.aborted) return connection;
      pool.release(connection);
      throw leaseOver();
    } catch (error) {
      if (caller.signal.aborted) throw leaseOver();
      if (error instanceof PoolBusyError) throw makeBusyFailure();
      if (error instanceof PoolSlowError) throw makeWaitFailure();
      if (error instanceof PoolClosedError) throw new CloisterError('ERR_RUNTIME_CLOSED', 'the database is closed');
      throw makeFailure(error, isGranted);
    }
  };

  const explain = (error: unknown): CloisterError => {
    if (error instanceof RowCapError) return makeLimitFailure('maxRows', grant.maxRows);
    if (error instanceof ByteCapError) return makeLimitFailure('resultBytes', maxResultBytes);
    return makeFailure(error, isGranted);
  };

  const giveBack = (connection: RoleConnection, residue: Residue): void => {
    if (residue === 'none') return pool.release(connection);
    if (residue === 'any') return connection.destroy(new PoolClosedError());
    void connection.reset().then(
      () => pool.release(connection),
      (error: Error) => connection.destroy(error),
    );
  };

  /** `lasting`: the connection goes on to a further statement of the same text, so that preparing it pays. */
  const send = (connection: RoleConnection, statement: AdmittedStatement, lasting: boolean): Promise<StatementOutcome> => {
    const { text, values, admitted, analysis, residue } = statement;
    const again = seen.has(admitted);
    if (!again) seen.add(admitted);
    const atomic = !analysis.ok || (analysis.writes && (analysis.answersRows || statement.checkColumns > 0));
    // By what was admitted to this very tenant: the plan of one must not make the same text of another faster.
    const prepareAs = lasting && again && residue === 'none' ? admitted : null;
    return connection.run({ text, values, maxRows: grant.maxRows, atomic }, maxResultBytes, prepareAs);
  };

  /** One statement on a connection of its own: BEGIN and COMMIT are the server's. */
  const runAlone = async (args: QueryArgs, statement: AdmittedStatement, caller: Caller): Promise<StatementOutcome> => {
    const connection = await acquire(caller, 'statement');
    const { signal } = caller;
    const exchange = startExchange(connection, grant.statementMs, () => send(connection, statement, true));
    const onAbort = (): void => exchange.giveUp(leaseOver());
    signal.addEventListener('abort', onAbort, { once: true });
    const { tag } = args;
    if (tag !== undefined) workOf(signal).tagged.set(tag, () => exchange.giveUp(makeCancelledFailure()));
    try {
      return await exchange.result;
    } catch (error) {
      throw explain(error);
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (tag !== undefined) workOf(signal).tagged.delete(tag);
      if (!exchange.givenUp) giveBack(connection, statement.residue);
    }
  };

  const query = async (args: QueryArgs, caller: Caller): Promise<CallResult> => {
    const statement = admit(args, caller);
    if (statement.defines) await tenantSchemas.prepare(caller.tenant);
    const outcome =
      args.transaction === undefined
        ? await runAlone(args, statement, caller)
        : // Not prepared: a plan that went stale would take the whole transaction with it.
          await held.find(args.transaction, caller).run((connection) => send(connection, statement, false), statement.residue);
    const json = toJson(named(dropChecks(outcome, statement.checkColumns), statement));
    if (json.length * 3 > maxResultBytes && Buffer.byteLength(json) > maxResultBytes) throw makeLimitFailure('resultBytes', maxResultBytes);
    return { json, rows: outcome.rows.length === 0 ? (outcome.rowCount ?? 0) : outcome.rows.length };
  };

  const held = makeHeldMethods({
    grant,
    maxResultBytes,
    times: resource,
    workOf,
    admit: admitStream,
    acquire,
    explain,
    giveBack,
    placeOf: tenantSchemas.placeOf,
  });

  return {
    async call(method, args, caller) {
      if (caller.signal.aborted) throw leaseOver();
      if (method === 'describe') return { json: await describer.describe((args as DescribeArgs).refresh === true) };
      if (bringsStatement(method)) shares.takeCall(caller);
      const result = await (method === 'query' ? query(args as QueryArgs, caller) : held.call(method, args, caller));
      shares.takeRows(caller, result.rows ?? 0);
      return result;
    },
    policy: makeStatementPolicy(admission),
    summarize: (method, args, tenant) => (bringsStatement(method) ? { uses: admission.usesOf((args as QueryArgs).sql, tenant) } : noUses),
    bootValue: () => null,
    narrowed(given) {
      const less = narrowGrant(grant, given as DatabaseGrant);
      return makeInstance({ ...parts, grant: less, admission: parts.admissionUnder(less) }, shared);
    },
    close: () => Promise.resolve(),
  };
};
