// Makes or updates an extension's role in one transaction, or finds that a DBA did. Must never run guest text, nor go on with a role that is not as its grant says.
import type { Client } from 'pg';
import { CloisterError } from '../../../errors.ts';
import { findClosed } from './beside-rules.ts';
import { type Finding, readFindings, readShadows, type Shadows } from './findings.ts';
import { makeUnsafe, type RolePlan, type RoleRequest, readPlan } from './read-plan.ts';

export interface PreparedRole {
  readonly findings: readonly Finding[];
  readonly shadows: Shadows;
}

/** Hosts that open at once would fail each other with «tuple concurrently updated». The number is «cloister» in ASCII. */
export const setUpLock = '7164770434190968178';
export const setUpTimeout = '10s';

const firstLine = (statement: string): string => statement.split('\n', 1)[0]?.slice(0, 200) ?? '';

/** The app's own login may be one that can change nothing: then all must be there already. */
const carryOut = async (client: Client, request: RoleRequest): Promise<RolePlan> => {
  const plan = await readPlan(client, request, false);
  if (plan.statements.length === 0) return plan;
  const { admin } = plan;
  const mayChange = admin.superuser || admin.createRole;
  if (mayChange) for (const statement of plan.statements) await client.query(statement);
  // A GRANT or REVOKE by someone who may not give or take it is a warning to PostgreSQL, so look again.
  // No login meets what is not committed yet; the opened role is tried after that.
  const after = await readPlan(client, mayChange ? { ...request, logsIn: () => Promise.resolve(true) } : request, true);
  const [missing] = after.statements;
  if (missing === undefined) return after;
  if (!mayChange)
    throw makeUnsafe(
      request.extension,
      `its role ${request.identity.name} is not as its grant says, and the database user ${admin.name} may not create roles`,
      `let a DBA run what \`cloister database plan\` prints, or ALTER ROLE ${admin.name} CREATEROLE`,
    );
  throw makeUnsafe(
    request.extension,
    `the database user ${admin.name} may not give its role what it needs, or take what it should not have (${firstLine(missing)})`,
    'let the owner of that object do it, or give a connection that may',
  );
};

const isDenied = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === '42501';

/** A rule that does not fit its column's type shows when its policy is made. */
const isMisfit = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  (error.code.startsWith('22') || error.code.startsWith('42'));

/** What of PostgreSQL's refusals is the operator's to mend, as one line that says how. */
export const explainSetUp = (extension: string, error: unknown): unknown => {
  if (error instanceof CloisterError) return error;
  const words = error instanceof Error ? error.message : '';
  if (isDenied(error))
    return makeUnsafe(
      extension,
      `the database refused to set up its role: ${words}`,
      'give a connection that may grant on these tables and owns those with row rules',
      error,
    );
  if (isMisfit(error))
    return makeUnsafe(extension, `the grant does not fit the database: ${words}`, 'correct its row rules and forced values', error);
  return error;
};

/** Everything in one transaction that is one only to the others: hosts and commands that open at once take turns. */
export const inSetUp = async <Result>(client: Client, extension: string, work: () => Promise<Result>): Promise<Result> => {
  await client.query('begin');
  try {
    await client.query(`set local lock_timeout = '${setUpTimeout}'`);
    await client.query('select pg_catalog.pg_advisory_xact_lock($1)', [setUpLock]);
    // Whoever makes a table of Cloister's own makes the schema under this one.
    await client.query(`select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('cloister', 0))`);
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw explainSetUp(extension, error);
  }
};

/** Idempotent: a narrower grant takes away what a wider one gave before. */
export const prepareRole = (
  client: Client,
  request: RoleRequest & { readonly safeFunctions: ReadonlySet<string> },
): Promise<PreparedRole> =>
  inSetUp(client, request.extension, async () => {
    const { relations } = await carryOut(client, request);
    const closed = findClosed(request.identity.name, relations).map(
      ({ cause, remedy }): Finding => ({ severity: 'closed', what: cause, remedy }),
    );
    return {
      findings: [...closed, ...(await readFindings(client, request.identity.name, request.grant))],
      shadows: await readShadows(client, request.grant, request.safeFunctions),
    };
  });
