// Writes an extension's log lines to the host's own logger. Must never let guest text stand beside the host's fields, or reach a terminal raw.
import type { Capability } from '../../bridge/capability.ts';
import { CloisterError } from '../../errors.ts';
import { coversList } from '../../policy/covers.ts';
import { logBounds } from './bounds.ts';
import { type LogBoot, type LogGrant, type LogLevel, logContract, logLevels, type WriteArgs } from './contract.ts';
import { logLearning } from './learn.ts';
import { makeLogPolicy } from './policy.ts';
import { makeSafeText } from './safe-text.ts';

type WriteLine = (fields: Readonly<Record<string, unknown>>, text: string) => void;
type HostLevel = Exclude<LogLevel, 'fatal'>;

/** The part of pino's logger that is used. */
export type HostLogger = { readonly level?: string } & Readonly<Record<HostLevel, WriteLine>>;

export interface LogResources {
  readonly logger: HostLogger;
}

const makeSafe = (value: unknown, depth: number): unknown => {
  if (typeof value === 'string') return makeSafeText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= logBounds.dataDepth.value) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => makeSafe(item, depth + 1));
  // fromEntries defines: an own __proto__ stays a key and sets no prototype.
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [makeSafeText(key), makeSafe(item, depth + 1)]));
};

const refuse = (cause: string): CloisterError =>
  new CloisterError('ERR_ARGUMENT_INVALID', `log.write: "data" ${cause}; send the JSON text of an object`);

const parseData = (data: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw refuse('is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('is not an object');
  return makeSafe(value, 0);
};

/** pino flushes synchronously on fatal, and people are woken by it: neither is a guest's to cause. */
const hostLevel = (level: LogLevel): HostLevel => (level === 'fatal' ? 'error' : level);

/** No grant allows nothing, though every() of nothing is true. */
const levelsUnder = (grants: readonly LogGrant[]): readonly LogLevel[] => {
  const policies = grants.map(makeLogPolicy);
  if (policies.length === 0) return [];
  return logLevels.filter((level) => policies.every((policy) => policy('write', { level, text: '' }).allow));
};

export const logCapability: Capability<LogResources, LogGrant> = {
  contract: logContract,
  learning: logLearning,
  makePolicy: makeLogPolicy,
  covers: (wide, narrow) => coversList(wide.levels, narrow.levels),
  open(extension, grants, { logger }) {
    const levels = levelsUnder(grants);
    const boot = {
      levels,
      textChars: logBounds.textChars.value,
      dataChars: logBounds.dataChars.value,
      dataDepth: logBounds.dataDepth.value,
    };
    return Promise.resolve({
      call(_method, args, caller) {
        const { level, text, data } = args as WriteArgs;
        const host = { extension: extension.id, tenant: caller.tenant, request: caller.requestId };
        const fatal = level === 'fatal' ? { guestLevel: level } : {};
        const guest = data === undefined ? {} : { guest: parseData(data) };
        logger[hostLevel(level)]({ ...host, ...fatal, ...guest }, makeSafeText(text));
        return { json: 'null' };
      },
      bootValue: (): LogBoot => ({ ...boot, level: logger.level ?? 'info' }),
      close: () => Promise.resolve(),
    });
  },
};
