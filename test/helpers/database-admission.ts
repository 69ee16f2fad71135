// The first wall by itself, for tests: parser, walk and one grant's policy. Must never need a server.
import type { Policy } from '../../src/bridge/capability.ts';
import { makeAnalyse } from '../../src/capabilities/database/admission/analyse.ts';
import type { Analyse } from '../../src/capabilities/database/admission/analysis.ts';
import { openParser } from '../../src/capabilities/database/admission/parser.ts';
import { makeSafeFunctions } from '../../src/capabilities/database/admission/safe-functions.ts';
import { makeSafeTypes } from '../../src/capabilities/database/admission/safe-types.ts';
import { makeShapes } from '../../src/capabilities/database/admission/shapes.ts';
import type { DatabaseGrant } from '../../src/capabilities/database/contract.ts';
import { makeDatabasePolicy } from '../../src/capabilities/database/policy.ts';

/** What the tables of sentences are judged by. */
export const admissionGrant: DatabaseGrant = {
  tables: {
    articles: { read: true, create: true, update: true, delete: true },
    authors: { read: true },
    inbox: { create: true },
    drafts: { update: true },
    trash: { delete: true },
    stock: { read: true, update: true },
    counters: { create: true, update: true },
    'sales.orders': { read: true },
    'Mixed Case': { read: true },
    nothing: {},
  },
  functions: ['similarity', 'sales.total'],
};

export const openAnalyse = async (): Promise<Analyse> =>
  makeAnalyse(await openParser(), { shapes: makeShapes(), safeFunctions: makeSafeFunctions(), safeTypes: makeSafeTypes() });

export interface Judge {
  readonly analyse: Analyse;
  readonly policy: Policy;
  decide(sql: string): ReturnType<Policy>;
}

export const openJudge = async (grant: DatabaseGrant = admissionGrant): Promise<Judge> => {
  const analyse = await openAnalyse();
  const policy = makeDatabasePolicy(grant, analyse);
  return { analyse, policy, decide: (sql) => policy('query', { sql, bindings: [] }) };
};
