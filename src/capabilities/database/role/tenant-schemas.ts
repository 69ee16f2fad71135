// Makes the schema of a tenant's own tables when that tenant defines the first one. Must never take one that was not made for this role.
import { escapeIdentifier, escapeLiteral } from 'pg';
import { CloisterError } from '../../../errors.ts';
import { isSchemaOf, tenantSchemaOf } from '../names.ts';
import type { DatabaseResource } from '../resource.ts';
import type { RoleIdentity } from './identity.ts';
import { ownSchemaMark } from './plan.ts';
import { inSetUp } from './prepare-role.ts';

export interface TenantSchemas {
  prepare(tenant: string): Promise<void>;
  /** By what statements call it; undefined: it is no schema of the extension's own. */
  placeOf(schema: string, tenant: string): string | undefined;
  /** Of any tenant, as the server calls it: whose statement failed there was the tenant's own. */
  isOwn(schema: string): boolean;
}

interface Parts {
  readonly extension: string;
  readonly identity: RoleIdentity;
  readonly resource: DatabaseResource;
  readonly ownSchema: string | null;
}

const markSql = "select pg_catalog.obj_description(oid, 'pg_namespace') mark from pg_catalog.pg_namespace where nspname = $1";

const failed = (error: unknown): CloisterError =>
  new CloisterError(
    'ERR_DATABASE_FAILED',
    'the schema of this tenant is not there, and could not be made',
    { sqlState: '42501' },
    { cause: error },
  );

export const makeTenantSchemas = ({ extension, identity, resource, ownSchema }: Parts): TenantSchemas => {
  /** Those that are there, or on their way. */
  const ready = new Map<string, Promise<void>>();

  const make = async (schema: string): Promise<void> => {
    const mark = ownSchemaMark(identity);
    const [name, role] = [escapeIdentifier(schema), escapeIdentifier(identity.name)];
    await resource.withAdmin((client) =>
      inSetUp(client, extension, async () => {
        const [found] = (await client.query<{ readonly mark: string | null }>(markSql, [schema])).rows;
        if (found?.mark === mark) return;
        if (found !== undefined) throw failed(new Error(`the schema ${schema} was not made for ${identity.name}`));
        await client.query(`CREATE SCHEMA ${name}`);
        await client.query(`COMMENT ON SCHEMA ${name} IS ${escapeLiteral(mark)}`);
        await client.query(`GRANT USAGE, CREATE ON SCHEMA ${name} TO ${role}`);
      }),
    );
  };

  return {
    async prepare(tenant) {
      if (ownSchema === null) return;
      const schema = tenantSchemaOf(ownSchema, tenant);
      // It was made with the role.
      if (schema === ownSchema) return;
      const making = ready.get(schema) ?? make(schema);
      ready.set(schema, making);
      try {
        await making;
      } catch (error) {
        ready.delete(schema);
        throw error instanceof CloisterError && error.code === 'ERR_RUNTIME_CLOSED' ? error : failed(error);
      }
    },
    isOwn: (schema) => ownSchema !== null && isSchemaOf(ownSchema, schema),
    placeOf: (schema, tenant) => (ownSchema !== null && schema === ownSchema ? tenantSchemaOf(ownSchema, tenant) : undefined),
  };
};
