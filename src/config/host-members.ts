// The options that are not JSON: connection, services, logger, functions. Must never call one of them; it looks at their shape only.
import type { Meter, Tracer } from '@opentelemetry/api';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { CloisterError } from '../errors.ts';
import type { OnEntries } from '../ledger/entries-target.ts';
import type { Identify, RuntimeOptions } from './runtime-options.ts';
import { parseServices } from './services.ts';
import { showText, showValue } from './show.ts';

type Members = Pick<
  RuntimeOptions,
  | 'database'
  | 'services'
  | 'secrets'
  | 'logger'
  | 'identify'
  | 'onLedgerEntries'
  | 'listeners'
  | 'getSchema'
  | 'adminToken'
  | 'meter'
  | 'tracer'
  | 'quotasOf'
  | 'resolveTenant'
  | 'tenants'
  | 'quotaStore'
>;
type Values = Readonly<Record<string, unknown>>;

const loggerMethods = ['error', 'warn', 'info', 'debug', 'child'] as const;

const isHolder = (value: unknown): value is object => (typeof value === 'object' && value !== null) || typeof value === 'function';
const has = (value: object, name: string): boolean => typeof Reflect.get(value, name) === 'function';

const isKnex = (value: unknown): value is Knex => typeof value === 'function' && has(value, 'raw') && has(value, 'transaction');
const isLogger = (value: unknown): value is Logger => isHolder(value) && loggerMethods.every((name) => has(value, name));
const isIdentify = (value: unknown): value is Identify => typeof value === 'function';
const isOnEntries = (value: unknown): value is OnEntries => typeof value === 'function';
const isListeners = (value: unknown): value is NonNullable<RuntimeOptions['listeners']> =>
  isHolder(value) && has(value, 'filter') && has(value, 'action');
const isGetSchema = (value: unknown): value is NonNullable<RuntimeOptions['getSchema']> => typeof value === 'function';
const isMeter = (value: unknown): value is Meter => isHolder(value) && has(value, 'createHistogram') && has(value, 'createObservableGauge');
const isQuotasOf = (value: unknown): value is NonNullable<RuntimeOptions['quotasOf']> => typeof value === 'function';
const isResolveTenant = (value: unknown): value is NonNullable<RuntimeOptions['resolveTenant']> => typeof value === 'function';
const isListTenants = (value: unknown): value is NonNullable<RuntimeOptions['tenants']> => typeof value === 'function';
const isLimiter = (value: unknown): value is RateLimiterAbstract => isHolder(value) && has(value, 'penalty');
const isTracer = (value: unknown): value is Tracer => isHolder(value) && has(value, 'startSpan');
const isPostgresUrl = (value: unknown): value is string => typeof value === 'string' && /^postgres(ql)?:\/\//.test(value);

const refuse = (where: string, name: string, expected: string, found: unknown): never => {
  throw new CloisterError(
    'ERR_OPTIONS_INVALID',
    `${where}#/${name}: expected ${expected}, found ${showValue(found)}; correct it or leave the key out`,
    { where, pointer: `/${name}`, expected },
  );
};

/** A password in a refused URL must not end up in a log. */
const describeDatabase = (value: unknown): unknown => (typeof value === 'string' ? 'another text' : value);

const parseDatabase = (value: unknown, where: string): Members['database'] => {
  if (value === undefined || value === null) return null;
  if (isKnex(value) || isPostgresUrl(value)) return value;
  return refuse(where, 'database', 'a Knex instance or a postgres:// URL', describeDatabase(value));
};

const secretName = /^[A-Z][A-Z0-9_]{0,63}$/;
/** What can stand in a header, and is long enough to be found in an answer without being found everywhere. */
const secretForm = /^[\x21-\x7e](?:[\x20-\x7e]{6,4094})[\x21-\x7e]$/;

/** Here and not in the schema, whose complaints show what they found. */
const parseSecrets = (value: unknown, where: string): ReadonlyMap<string, string> => {
  if (value === undefined) return new Map();
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse(where, 'secrets', 'an object of texts by name', 'another value');
  const secrets = new Map<string, string>();
  for (const [name, secret] of Object.entries(value)) {
    if (!secretName.test(name)) refuse(where, 'secrets', 'names of capital letters, digits and "_" that begin with a letter', name);
    if (typeof secret !== 'string' || !secretForm.test(secret))
      return refuse(
        where,
        `secrets/${showText(name)}`,
        'a text of 8 to 4,096 printable ASCII characters without blanks at its ends',
        'another value',
      );
    secrets.set(name, secret);
  }
  return secrets;
};

/** One of them that may be left out. */
const parseOptional = <Member>(
  name: string,
  value: unknown,
  where: string,
  expected: string,
  fits: (value: unknown) => value is Member,
): Member | null => (value === undefined || value === null ? null : fits(value) ? value : refuse(where, name, expected, value));

/** Here and not in the schema, whose complaints show what they found. */
const parseToken = (value: unknown, where: string): string | null => {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' && /^[\x21-\x7e]{16,1024}$/.test(value)) return value;
  return refuse(where, 'adminToken', 'a text of 16 to 1,024 printable ASCII characters without blanks', 'another value');
};

/** Takes the members that are not JSON out of the options; `rest` is for the schema. */
export const parseHostMembers = (options: Values, where: string): { readonly members: Members; readonly rest: Values } => {
  const {
    database,
    services,
    secrets,
    logger,
    identify,
    onLedgerEntries,
    listeners,
    getSchema,
    adminToken,
    meter,
    tracer,
    quotasOf,
    resolveTenant,
    tenants,
    quotaStore,
    ...rest
  } = options;
  const members: Members = {
    database: parseDatabase(database, where),
    services: parseServices(services, where),
    secrets: parseSecrets(secrets, where),
    logger: parseOptional('logger', logger, where, `a pino logger (${loggerMethods.join(', ')})`, isLogger),
    identify: parseOptional('identify', identify, where, 'a function', isIdentify),
    onLedgerEntries: parseOptional('onLedgerEntries', onLedgerEntries, where, 'a function', isOnEntries),
    listeners: parseOptional('listeners', listeners, where, 'an object with the functions filter and action', isListeners),
    getSchema: parseOptional('getSchema', getSchema, where, 'a function', isGetSchema),
    adminToken: parseToken(adminToken, where),
    meter: parseOptional('meter', meter, where, 'an OpenTelemetry meter (createHistogram, createObservableGauge)', isMeter),
    quotasOf: parseOptional('quotasOf', quotasOf, where, 'a function', isQuotasOf),
    resolveTenant: parseOptional('resolveTenant', resolveTenant, where, 'a function', isResolveTenant),
    tenants: parseOptional('tenants', tenants, where, 'a function', isListTenants),
    quotaStore: parseOptional('quotaStore', quotaStore, where, 'a limiter of rate-limiter-flexible', isLimiter),
    tracer: parseOptional('tracer', tracer, where, 'an OpenTelemetry tracer (startSpan)', isTracer),
  };
  return { members, rest };
};
