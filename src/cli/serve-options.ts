// Reads the flags of `cloister serve` and its configuration file into what the server and the runtime need. Must never read the environment beyond the keys it is told.
import { readFile, stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { makeBaseline, makeRegistry } from '../capabilities/registry.ts';
import { type ConfigFile, parseConfigFile } from '../config/config-file.ts';
import { CloisterError } from '../errors.ts';
import type { CloisterOptions } from '../options.ts';
import { defaultStop, type Stop } from './server.ts';

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly stop: Stop;
  readonly runtime: CloisterOptions;
}

const defaultHost = '127.0.0.1';
const defaultPort = 8055;
const emptyConfig: ConfigFile = {
  options: {},
  server: {},
  databaseUrl: null,
  databaseUrlKey: null,
  natsUrlKey: null,
  envKeys: [],
  secretKeys: [],
  adminTokenKey: null,
};

export const readConfig = async (file: string | undefined): Promise<ConfigFile> => {
  if (file === undefined) return emptyConfig;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new CloisterError(
      'ERR_OPTIONS_INVALID',
      `--config ${file}: cannot be read (${error instanceof Error ? error.message : 'unknown cause'}); name an existing JSON file`,
    );
  }
  return parseConfigFile(text, file, { contracts: makeRegistry().map((entry) => entry.capability.contract), baseline: makeBaseline() });
};

export const parsePort = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new CloisterError('ERR_OPTIONS_INVALID', `--port ${text}: expected a whole number from 0 to 65535`);
  return port;
};

export const checkFolder = async (command: string, folder: string): Promise<void> => {
  const found = await stat(folder).catch(() => null);
  if (found?.isDirectory() === true || (found?.isFile() === true && folder.endsWith('.cloister'))) return;
  throw new CloisterError(
    'ERR_OPTIONS_INVALID',
    `${command} ${folder}: ${found === null ? 'there is no such folder' : 'it is not a folder'}; name a package, or a folder of packages`,
  );
};

/** Where `cloister approve` writes when nobody says where. */
export const defaultLock = 'cloister.lock.json';

const findLock = async (): Promise<string | null> => ((await stat(defaultLock).catch(() => null)) === null ? null : defaultLock);

const pickEnv = (keys: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(keys.flatMap((key) => (process.env[key] === undefined ? [] : [[key, process.env[key]]])));

/** Who names a variable wants what it holds: an empty one must not open or close anything quietly. */
export const readVariable = (option: 'adminTokenKey' | 'databaseUrlKey' | 'natsUrlKey', key: string | null): string | null => {
  if (key === null) return null;
  const value = process.env[key];
  if (value !== undefined && value !== '') return value;
  throw new CloisterError('ERR_OPTIONS_INVALID', `${option}: the environment has no ${key}; set it, or take ${option} out`);
};

/** The option jobs, with the URL that a variable holds. */
export const readJobs = ({ options, natsUrlKey }: ConfigFile): CloisterOptions['jobs'] => {
  const { jobs } = options as CloisterOptions;
  const servers = readVariable('natsUrlKey', natsUrlKey);
  if (servers === null) return jobs;
  if (typeof jobs === 'string' || jobs?.nats.servers !== undefined)
    throw new CloisterError('ERR_OPTIONS_INVALID', 'natsUrlKey: jobs says another place; keep one of the two');
  return { nats: { ...jobs?.nats, servers } };
};

/** What they are about is in the registry. */
const registryCommands: ReadonlySet<string> = new Set(['deploy', 'enable', 'disable', 'rollback', 'promote', 'return', 'list', 'status']);

/** The flags that say what runs and what is approved, shared by all commands that look at extensions. */
export const runtimeFlags = {
  config: { type: 'string' },
  'database-url': { type: 'string' },
  approve: { type: 'string' },
  lock: { type: 'string' },
  trust: { type: 'string', multiple: true },
} as const;

interface RuntimeFlags {
  readonly config?: string | undefined;
  readonly 'database-url'?: string | undefined;
  readonly approve?: string | undefined;
  readonly lock?: string | undefined;
  readonly trust?: readonly string[] | undefined;
}

/** What createRuntime gets of the command line, and the configuration file it named. */
export const readRuntimeOptions = async (
  command: string,
  values: RuntimeFlags,
  folders: readonly string[],
): Promise<{ readonly config: ConfigFile; readonly runtime: CloisterOptions }> => {
  if (values.approve !== undefined && values.approve !== 'requested') {
    throw new CloisterError(
      'ERR_OPTIONS_INVALID',
      `--approve ${values.approve}: expected "requested"; finer approvals stand in the configuration file`,
    );
  }
  for (const folder of folders) await checkFolder(command, folder);
  const config = await readConfig(values.config);
  const database = values['database-url'] ?? config.databaseUrl ?? readVariable('databaseUrlKey', config.databaseUrlKey);
  const { env, jobs: _, ...options } = config.options as CloisterOptions;
  const jobs = readJobs(config);
  const lock = values.lock ?? options.lock ?? (await findLock());
  const runtime: CloisterOptions = {
    ...options,
    ...(folders.length > 0 ? { extensions: folders } : {}),
    ...(database === null ? {} : { database }),
    ...(jobs === undefined ? {} : { jobs }),
    ...(lock === null ? {} : { lock }),
    ...(values.trust === undefined ? {} : { trustedKeys: [...new Set([...(options.trustedKeys ?? []), ...values.trust])] }),
    ...(values.approve === undefined ? {} : { approvals: 'requested' as const }),
    env: { ...env, ...pickEnv(config.envKeys) },
    secrets: pickEnv(config.secretKeys),
    adminToken: readVariable('adminTokenKey', config.adminTokenKey),
  };
  // A doctor looks at the machine; what extensions would need besides is more.
  const needsNone = command === 'doctor' || registryCommands.has(command) || (command === 'serve' && runtime.registry !== undefined);
  if ((runtime.extensions ?? []).length === 0 && !needsNone) {
    throw new CloisterError(
      'ERR_OPTIONS_INVALID',
      `${command}: there is nothing to ${command === 'serve' ? 'serve' : 'look at'}; name a folder of extensions, or give \`extensions\` in --config FILE`,
    );
  }
  return { config, runtime };
};

export const parseServeOptions = async (args: readonly string[]): Promise<ServeOptions> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...runtimeFlags, port: { type: 'string' }, host: { type: 'string' }, ledger: { type: 'string' } },
  });
  const { config, runtime } = await readRuntimeOptions('serve', values, positionals);
  return {
    host: values.host ?? config.server.host ?? defaultHost,
    port: parsePort(values.port) ?? config.server.port ?? defaultPort,
    stop: { delayMs: config.server.drainDelayMs ?? defaultStop.delayMs, drainMs: config.server.drainMs ?? defaultStop.drainMs },
    runtime: { ...runtime, ledger: { ...runtime.ledger, ...(values.ledger === undefined ? {} : { file: values.ledger }) } },
  };
};
