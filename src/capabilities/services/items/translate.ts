// What the database capability refuses, in Directus's words. Must never pass on a name the extension may not see, nor a value.
import { CloisterError, RelayedError } from '../../../errors.ts';
import { forbidden, invalidPayload, invalidQuery } from './errors.ts';
import type { Collection } from './model.ts';

const violation = (code: string, message: string, { name }: Collection, field: string | null): RelayedError =>
  new RelayedError(
    code,
    400,
    field === null ? `${message} in collection "${name}".` : `${message} for field "${field}" in collection "${name}".`,
    {
      collection: name,
      field,
    },
  );

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const visible = (collection: Collection, name: string | undefined): string | null =>
  name !== undefined && collection.fields.has(name) ? name : null;

/** A unique constraint tells its field by its name alone, as PostgreSQL, Knex and Directus make them. */
const uniqueField = (collection: Collection, constraint: string | undefined): string | null => {
  if (constraint === undefined) return null;
  const { table, primary, fields } = collection;
  if (constraint === `${table}_pkey`) return primary.name;
  return [...fields.keys()].find((name) => [`${table}_${name}_key`, `${table}_${name}_unique`].includes(constraint)) ?? null;
};

const foreignField = (collection: Collection, constraint: string | undefined): string | null =>
  collection.constraints.find(({ name }) => name === constraint)?.field ?? null;

const writeError = (code: string, details: Readonly<Record<string, unknown>>, collection: Collection): RelayedError | undefined => {
  const constraint = textOf(details['constraint']);
  const column = visible(collection, textOf(details['column']));
  switch (code) {
    case '23505':
      return violation('RECORD_NOT_UNIQUE', 'Value has to be unique', collection, uniqueField(collection, constraint));
    case '23502':
      return violation('NOT_NULL_VIOLATION', "Value can't be null", collection, column);
    case '23503':
      return violation('INVALID_FOREIGN_KEY', 'Invalid foreign key', collection, foreignField(collection, constraint));
    case '22001':
      return violation('VALUE_TOO_LONG', 'Value is too long', collection, column);
    case '22003':
      return violation('VALUE_OUT_OF_RANGE', 'Value is out of range', collection, column);
    default:
      return undefined;
  }
};

/** Values or expressions that PostgreSQL cannot read as the type of their column, and the columns it computes itself. */
const isBadValue = (code: string): boolean => code.startsWith('22') || code === '428C9' || code === '42804' || code === '42883';

/** `writes`: the statement carries a payload; else a query. */
export const translate = (error: unknown, collection: Collection, writes: boolean): unknown => {
  if (!(error instanceof CloisterError)) return error;
  // What is compiled here fits the schema of a statement, but for its size.
  const isTooLarge = error.code === 'ERR_ARGUMENT_INVALID' || textOf(error.details['rule'])?.startsWith('database.limits.') === true;
  if (isTooLarge) return writes ? invalidPayload('It makes too large a statement') : invalidQuery('It makes too large a statement');
  // What the grant does not allow and what is not there are one.
  if (error.code === 'ERR_CAPABILITY_DENIED') return forbidden();
  const code = textOf(error.details['sqlState']);
  if (error.code !== 'ERR_DATABASE_FAILED' || code === undefined) return error;
  if (code === '42501' || code === '42P01' || code === '42703') return forbidden();
  const known = writes ? writeError(code, error.details, collection) : undefined;
  if (known !== undefined) return known;
  if (code.startsWith('23')) return writes ? invalidPayload('A constraint of the database refuses it') : error;
  if (!isBadValue(code)) return error;
  return writes ? invalidPayload('A value does not fit its field') : invalidQuery('A value does not fit its field');
};
