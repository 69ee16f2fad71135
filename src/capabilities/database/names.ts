// Names of tables and of what may be done to them, in one form everywhere. Must never quote for SQL: role/ does that with the driver.
import { hash } from 'node:crypto';

export const operations = ['read', 'create', 'update', 'delete'] as const;
export type Operation = (typeof operations)[number];

/** Where an unqualified name lives: the role's search path says the same. */
export const defaultSchema = 'public';

/** No part of a granted name holds a dot (contract.ts), so this is one to one. */
export const tableKey = (schema: string, name: string): string => `${schema}.${name}`;

/** As grants and rules write it: without the schema where it is the default one. */
export const tableLabel = (schema: string, name: string): string => (schema === defaultSchema ? name : tableKey(schema, name));

const ownPrefix = 'ext_';
const plainLength = 59;

/**
 * The schema of an extension's own tables. One id, one schema: a dot becomes `$`, which no id holds, and what is too long
 * ends in `#` and a hash, which none holds either.
 */
export const ownSchemaOf = (extension: string): string => {
  const id = extension.toLowerCase();
  if (id.length <= plainLength) return `${ownPrefix}${id.replaceAll('.', '$')}`;
  return `${ownPrefix}${id.slice(0, 42).replaceAll('.', '$')}#${hash('sha256', id).slice(0, 16)}`;
};

/** Who everybody is where the embedder tells no tenants apart. */
const onlyTenant = 'default';
const tenantMark = '~';

const tenantStem = (ownSchema: string): string => `${ownSchema.slice(0, 42)}${tenantMark}`;

/**
 * Where the tables of one tenant are. Statements say {@link ownSchemaOf}, whoever the tenant is; that name itself is the only tenant's
 * where there are no others. No id holds a `~`.
 */
export const tenantSchemaOf = (ownSchema: string, tenant: string): string =>
  tenant === onlyTenant ? ownSchema : `${tenantStem(ownSchema)}${hash('sha256', JSON.stringify([ownSchema, tenant])).slice(0, 16)}`;

/** {@link tenantSchemaOf} of some tenant. */
export const isSchemaOf = (ownSchema: string, schema: string): boolean => schema === ownSchema || schema.startsWith(tenantStem(ownSchema));

/** Of some extension: which one, only admission knows. */
export const isOwnSchema = (schema: string): boolean => schema.startsWith(ownPrefix);
