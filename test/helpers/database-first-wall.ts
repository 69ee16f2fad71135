// The first wall alone, on a real server and a connection that may do everything: what it lets pass shows. Must never add a guard of its own.
import pg from 'pg';
import { type Admission, makeAdmission } from '../../src/capabilities/database/admission/admission.ts';
import { makeAnalyse } from '../../src/capabilities/database/admission/analyse.ts';
import { bindExtra } from '../../src/capabilities/database/admission/bind.ts';
import { readCatalog } from '../../src/capabilities/database/admission/catalog.ts';
import { openParser } from '../../src/capabilities/database/admission/parser.ts';
import { makeSafeFunctions } from '../../src/capabilities/database/admission/safe-functions.ts';
import { makeSafeTypes } from '../../src/capabilities/database/admission/safe-types.ts';
import { makeShapes } from '../../src/capabilities/database/admission/shapes.ts';
import type { DatabaseGrant } from '../../src/capabilities/database/contract.ts';
import { intersectGrants } from '../../src/capabilities/database/grant.ts';
import { CloisterError } from '../../src/errors.ts';
import { openTestDatabase } from './postgres.ts';

export interface WallAnswer {
  readonly command: string;
  readonly rowCount: number | null;
  readonly names: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export type WallCaller = Parameters<typeof bindExtra>[2];

export interface FirstWall {
  readonly admission: Admission;
  /** A superuser's connection: nothing but admission stands between it and the rows. */
  readonly client: pg.Client;
  run(sql: string, bindings: readonly unknown[], caller: WallCaller): Promise<WallAnswer>;
  /** The same server under other grants. */
  under(grants: readonly DatabaseGrant[], ownSchema?: string): Promise<FirstWall>;
  close(): Promise<void>;
}

/** Text as it comes, as the host takes it. */
const raw = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;

export const openFirstWall = async (
  setUp: string,
  grants: readonly DatabaseGrant[],
  ownSchema: string | null = null,
): Promise<FirstWall> => {
  const database = await openTestDatabase(setUp);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const parser = await openParser();
  const analyse = makeAnalyse(parser, { shapes: makeShapes(), safeFunctions: makeSafeFunctions(), safeTypes: makeSafeTypes() });

  const make = async (given: readonly DatabaseGrant[], schema: string | null): Promise<FirstWall> => {
    const grant = intersectGrants(given);
    const admission = makeAdmission({ grant, catalog: await readCatalog(client, grant), analyse, parser, ownSchema: schema });
    return {
      admission,
      client,
      async run(sql, bindings, caller) {
        const decision = admission.decide(sql, caller.tenant);
        const admitted = admission.find(sql, caller.tenant);
        if (!decision.allow || admitted === undefined)
          throw new CloisterError('ERR_CAPABILITY_DENIED', decision.allow ? '' : decision.reason, { rule: decision.rule });
        const values = [...bindExtra(admitted, bindings, caller)];
        const query: pg.QueryArrayConfig & { readonly queryMode: string } = {
          text: admitted.text,
          values,
          rowMode: 'array',
          types: raw,
          queryMode: 'extended',
        };
        const result = await client.query<(string | null)[]>(query);
        const kept = result.fields.length - admitted.checkColumns;
        return {
          command: result.command,
          rowCount: result.rowCount,
          names: result.fields.slice(0, kept).map((field) => field.name),
          rows: kept === 0 ? [] : result.rows.map((row) => row.slice(0, kept)),
        };
      },
      under: (others, other) => make(others, other ?? null),
      async close() {
        await client.end();
        await database.close();
      },
    };
  };
  return await make(grants, ownSchema);
};
