// The database capability: contract, policy and host put together around one parser. Must never hold a grant or an extension.
import type { Capability, Policy } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import { limitTable } from '../../limits/table.ts';
import { type Admission, asItIs, makeAdmission } from './admission/admission.ts';
import { makeAnalyse } from './admission/analyse.ts';
import type { Analyse } from './admission/analysis.ts';
import { catalogOf, checkColumns, readCatalog } from './admission/catalog.ts';
import { openParser, type SqlParser } from './admission/parser.ts';
import { makeSafeFunctions } from './admission/safe-functions.ts';
import { makeSafeTypes } from './admission/safe-types.ts';
import { makeShapes } from './admission/shapes.ts';
import { type DatabaseGrant, makeDatabaseContract } from './contract.ts';
import { coversDatabase } from './covers.ts';
import { insertedColumns, intersectGrants, type ResolvedGrant, selectedColumns } from './grant.ts';
import { makeStatementPolicy, openInstance } from './host.ts';
import { databaseLearning } from './learn.ts';
import { ownSchemaOf, tableLabel } from './names.ts';
import { makeDatabasePolicy } from './policy.ts';
import type { DatabaseResource } from './resource.ts';
import { checkLogin } from './role/check-login.ts';
import { prepareRole } from './role/prepare-role.ts';
import { makeRoleRequest } from './role/role-request.ts';

export interface DatabaseResources {
  /** Absent: the embedder gave no database, and no extension can have one. */
  readonly database?: DatabaseResource | null | undefined;
  /** The extension's own limits; the table's defaults where absent. */
  readonly limits?: { readonly resultBytes: number } | undefined;
}

/** For tests of one wall alone; nothing that an operator writes comes here. */
export interface Walls {
  readonly first: boolean;
}

/** With ddl all is granted there, to each tenant in a schema of its own; what a grant would say of one of those tables could not hold. */
const checkOwnTables = (extension: string, grant: ResolvedGrant): void => {
  const own = ownSchemaOf(extension);
  const listed = [...grant.tables.values()].find(({ schema }) => schema === own);
  if (!grant.ddl || listed === undefined) return;
  throw new CloisterError(
    'ERR_DATABASE_UNSAFE',
    `extension ${extension}: the grant has ddl and lists the table ${tableLabel(listed.schema, listed.name)} of its own schema; take one out`,
    { extension },
  );
};

/** The role was made for the extension: what a tenant's rules look at and its forced values set, it has to have already. */
const checkReach = (extension: string, grant: ResolvedGrant, less: ResolvedGrant): void => {
  for (const [key, table] of less.tables) {
    const whole = grant.tables.get(key);
    if (whole === undefined) continue;
    for (const columnsOf of [selectedColumns, insertedColumns]) {
      const [has, needs] = [columnsOf(whole), columnsOf(table)];
      if (has === 'all') continue;
      const beyond = needs === 'all' ? '*' : [...needs].find((column) => !has.has(column));
      if (beyond === undefined) continue;
      const verb = columnsOf === selectedColumns ? 'read' : 'set';
      throw new CloisterError(
        'ERR_DATABASE_UNSAFE',
        `extension ${extension}: the column ${tableLabel(table.schema, table.name)}.${beyond} is not one that the extension's own grant lets its role ${verb}; name it there in a row rule or among the columns`,
        { extension },
      );
    }
  }
};

/** Before the parser is there nothing is admitted. It is there once an extension was opened. */
const analyseNothing: Analyse = () => ({ ok: false, rule: 'database.parser', reason: 'the database is not open yet' });

export const makeDatabaseCapability = (walls: Walls = { first: true }): Capability<DatabaseResources, DatabaseGrant> => {
  const safeFunctions = makeSafeFunctions();
  let opening: Promise<SqlParser> | undefined;
  let analyseNow = analyseNothing;
  const analyse: Analyse = (sql, tenant) => analyseNow(sql, tenant);

  const openAdmission = async (): Promise<SqlParser> => {
    const parser = await openParser();
    analyseNow = makeAnalyse(parser, { shapes: makeShapes(), safeFunctions, safeTypes: makeSafeTypes() });
    return parser;
  };

  return {
    contract: makeDatabaseContract(analyse),
    learning: databaseLearning,
    makePolicy: (grant) => makeDatabasePolicy(grant, analyse),
    async judgeOffline(grants) {
      opening ??= openAdmission();
      const parser = await opening;
      const grant = intersectGrants(grants);
      return makeStatementPolicy(makeAdmission({ grant, catalog: catalogOf(grant), analyse, parser, ownSchema: undefined }));
    },
    covers: coversDatabase,
    outside: true,
    async open(extension, grants, { database: resource, limits }, waived = []) {
      if (resource === undefined || resource === null) {
        throw new CloisterError(
          'ERR_OPTIONS_INVALID',
          `extension ${extension.id}: it was granted \`database\`, and there is none; give the option database`,
        );
      }
      const request = makeRoleRequest(extension.id, grants, resource, waived);
      const { grant, identity } = request;
      opening ??= openAdmission();
      const parser = await opening;
      const catalog = await resource.withAdmin((client) => readCatalog(client, grant));
      checkColumns(extension.id, grant, catalog);
      const ownSchema = grant.ddl ? ownSchemaOf(extension.id) : null;
      checkOwnTables(extension.id, grant);
      const admissionFor = (under: ResolvedGrant): Admission => {
        const judge = makeAdmission({
          grant: under,
          catalog,
          analyse,
          parser,
          ownSchema: under.ddl ? ownSchema : null,
          role: identity.name,
        });
        return { ...judge, find: (sql, tenant) => (walls.first ? judge.find(sql, tenant) : asItIs(sql)) };
      };
      const { findings, shadows } = await resource.withAdmin((client) => prepareRole(client, { ...request, safeFunctions }));
      for (const finding of findings) resource.report(finding);
      await checkLogin(extension.id, identity, resource);
      const maxResultBytes = limits?.resultBytes ?? limitTable.resultBytes.default;
      const instance = openInstance({
        extension: extension.id,
        grant,
        identity,
        shadows,
        resource,
        analyse,
        admission: admissionFor(grant),
        admissionUnder(less) {
          checkColumns(extension.id, less, catalog);
          checkReach(extension.id, grant, less);
          return admissionFor(less);
        },
        maxResultBytes,
        ownSchema,
      });
      const policyUnder = (given: readonly unknown[]): Policy => {
        const less = intersectGrants(given as readonly DatabaseGrant[]);
        checkColumns(extension.id, less, catalog);
        return makeStatementPolicy(makeAdmission({ grant: less, catalog, analyse, parser, ownSchema: less.ddl ? ownSchema : null }));
      };
      return { ...instance, policyUnder };
    },
  };
};
