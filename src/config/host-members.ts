// The options that are not JSON: connection, services, logger, functions. Must never call one of them; it looks at their shape only.
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { CloisterError } from '../errors.ts';
import type { OnEntries } from '../ledger/entries-target.ts';
import type { Identify, RuntimeOptions } from './runtime-options.ts';
import { parseServices } from './services.ts';
import { showValue } from './show.ts';

type Members = Pick<RuntimeOptions, 'database' | 'services' | 'logger' | 'identify' | 'onLedgerEntries'>;
type Values = Readonly<Record<string, unknown>>;

const loggerMethods = ['error', 'warn', 'info', 'debug', 'child'] as const;

const isHolder = (value: unknown): value is object => (typeof value === 'object' && value !== null) || typeof value === 'function';
const has = (value: object, name: string): boolean => typeof Reflect.get(value, name) === 'function';

const isKnex = (value: unknown): value is Knex => typeof value === 'function' && has(value, 'raw') && has(value, 'transaction');
const isLogger = (value: unknown): value is Logger => isHolder(value) && loggerMethods.every((name) => has(value, name));
const isIdentify = (value: unknown): value is Identify => typeof value === 'function';
const isOnEntries = (value: unknown): value is OnEntries => typeof value === 'function';
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

/** Takes the members that are not JSON out of the options; `rest` is for the schema. */
export const parseHostMembers = (options: Values, where: string): { readonly members: Members; readonly rest: Values } => {
  const { database, services, logger, identify, onLedgerEntries, ...rest } = options;
  const members: Members = {
    database: parseDatabase(database, where),
    services: parseServices(services, where),
    logger:
      logger === undefined || logger === null
        ? null
        : isLogger(logger)
          ? logger
          : refuse(where, 'logger', `a pino logger (${loggerMethods.join(', ')})`, logger),
    identify:
      identify === undefined || identify === null
        ? null
        : isIdentify(identify)
          ? identify
          : refuse(where, 'identify', 'a function', identify),
    onLedgerEntries:
      onLedgerEntries === undefined || onLedgerEntries === null
        ? null
        : isOnEntries(onLedgerEntries)
          ? onLedgerEntries
          : refuse(where, 'onLedgerEntries', 'a function', onLedgerEntries),
  };
  return { members, rest };
};
