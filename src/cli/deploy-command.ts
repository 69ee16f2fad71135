// `cloister deploy|enable|disable|rollback|promote|return|list|status`: over the store, or over a running host. Must never print a token.
import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { makeRegistry } from '../capabilities/registry.ts';
import { showText } from '../config/show.ts';
import { CloisterError } from '../errors.ts';
import { makeAsciiJson } from '../ledger/line.ts';
import { makePackageLimits } from '../limits/package-table.ts';
import { openRegistry } from '../open-registry.ts';
import type { Changed } from '../registry/applied.ts';
import { leavingOf } from '../registry/decide.ts';
import { type CanaryTerms, type ChangeTerms, packSource, type Registry } from '../registry/registry.ts';
import { openRemoteRegistry } from './remote-registry.ts';
import { readRuntimeOptions, runtimeFlags } from './serve-options.ts';
import { allServe, showChanged, showReleases, showStatus } from './show-registry.ts';

type Name = 'deploy' | 'enable' | 'disable' | 'rollback' | 'promote' | 'return' | 'list' | 'status';
/** Where the token of a running host is looked for. */
const tokenKey = 'CLOISTER_ADMIN_TOKEN';

const refuse = (message: string): CloisterError => new CloisterError('ERR_OPTIONS_INVALID', message);
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

const whoAmI = (): string => {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
};

/** `10%` or `0.1`. */
const parseShare = (text: string): number => {
  const match = /^(\d{1,3}(?:\.\d{1,6})?)(%?)$/.exec(text);
  const share = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1);
  if (share > 0 && share < 1) return share;
  throw refuse(`--canary ${text}: expected a share such as 10% or 0.1, over nothing and under everything`);
};

const parseTenants = (text: string): readonly string[] | null => {
  if (text === '*') return null;
  const tenants = text.split(',').map((one) => one.trim());
  if (tenants.every((one) => one !== '')) return [...new Set(tenants)];
  throw refuse(`--tenants ${text}: expected names with commas between them, or * for everybody`);
};

interface Values {
  readonly host?: string | undefined;
  readonly canary?: string | undefined;
  readonly tenants?: string | undefined;
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
  readonly json: boolean;
}

/** What is to go is what serves as this is typed: of two at once one goes back. */
const leavingNow = async (registry: Registry, subject: string): Promise<CanaryTerms> => {
  const found = (await registry.status()).deployments.find(({ extension }) => extension === subject);
  return found === undefined ? {} : { digest: leavingOf(found) };
};

const change = async (
  name: Exclude<Name, 'list' | 'status'>,
  registry: Registry,
  subject: string,
  terms: ChangeTerms,
  { canary, tenants }: Values,
): Promise<Changed> => {
  if (name === 'deploy')
    return await registry.deploy(subject, {
      ...terms,
      ...(canary === undefined ? {} : { canaryShare: parseShare(canary) }),
      ...(tenants === undefined ? {} : { tenants: parseTenants(tenants) }),
    });
  const calls = {
    enable: registry.enable,
    disable: registry.disable,
    rollback: registry.rollback,
    promote: registry.promote,
    return: registry.returnCanary,
  };
  return await calls[name](subject, name === 'rollback' ? { ...terms, ...(await leavingNow(registry, subject)) } : terms);
};

const runOn = async (name: Name, registry: Registry, subject: string | undefined, values: Values): Promise<number> => {
  const { json, by = whoAmI(), reason } = values;
  const terms = { by, ...(reason === undefined ? {} : { reason }) };
  if (name === 'list') {
    const releases = await registry.list(subject);
    if (json) say(makeAsciiJson({ releases }));
    else for (const line of showReleases(releases, (await registry.status()).deployments)) say(line);
    return 0;
  }
  if (name === 'status') {
    const status = await registry.status();
    if (json) say(makeAsciiJson(status));
    else for (const line of showStatus(status, await registry.list(), Date.now())) say(line);
    return allServe(status, Date.now()) ? 0 : 1;
  }
  if (subject === undefined)
    throw refuse(`usage: cloister ${name} ${name === 'deploy' ? 'DIR|FILE.cloister' : 'ID'}; \`cloister --help\` lists what it takes`);
  const changed = await change(name, registry, subject, terms, values);
  if (json) say(makeAsciiJson(changed));
  else for (const line of showChanged(changed)) say(line);
  return (changed.applied?.failed ?? []).length > 0 ? 1 : 0;
};

/** What says where a registry is or what runs is the host's own to say. */
const refuseBeside = (host: string, values: Readonly<Record<string, unknown>>): void => {
  const beside = [...Object.keys(runtimeFlags), 'registry'].filter((flag) => values[flag] !== undefined);
  if (beside.length === 0) return;
  const flags = beside.map((flag) => `--${flag}`).join(', ');
  throw refuse(`--host ${showText(host)}: a running host goes by its own configuration; leave out ${flags}, or leave out --host`);
};

const openOverHost = (host: string): Registry => {
  const token = process.env[tokenKey];
  if (token === undefined || token === '')
    throw refuse(`--host ${showText(host)}: the environment has no ${tokenKey}; set it to the host's adminToken`);
  const limits = makePackageLimits();
  const contracts = makeRegistry().map(({ capability }) => capability.contract);
  return openRemoteRegistry({ url: host, token, pack: (source) => packSource(source, limits, contracts) });
};

const run = async (name: Name, args: readonly string[]): Promise<number> => {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...runtimeFlags,
      host: text,
      by: text,
      reason: text,
      json: { type: 'boolean', default: false },
      registry: text,
      ...(name === 'deploy' ? { canary: text, tenants: text } : {}),
    },
  });
  const given = values as typeof values & Values & { readonly registry?: string };
  const [subject, ...more] = positionals;
  if (more.length > 0)
    throw refuse(`cloister ${name}: takes one ${name === 'deploy' ? 'package' : 'extension'} at a time, found ${positionals.length}`);
  if (given.host !== undefined) {
    refuseBeside(given.host, values);
    return await runOn(name, openOverHost(given.host), subject, given);
  }
  const { runtime } = await readRuntimeOptions(name, given, []);
  const registry = await openRegistry({ ...runtime, ...(given.registry === undefined ? {} : { registry: { folder: given.registry } }) });
  try {
    return await runOn(name, registry, subject, given);
  } finally {
    await registry.close();
  }
};

export const deployCommand =
  (name: Name) =>
  (args: readonly string[]): Promise<number> =>
    run(name, args);
