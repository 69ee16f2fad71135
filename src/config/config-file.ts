// The configuration file of the command line: JSON, the options plus server, database URL and environment keys. Must never be executed.
import path from 'node:path';
import type { NatsOption } from '../jobs/nats/settings.ts';
import type { CapabilityCatalog } from './catalog.ts';
import { makeCheck } from './check.ts';
import { parseJson } from './json.ts';
import { makeConfigFileSchema } from './options-schema.ts';

export interface ConfigFile {
  /** For createRuntime, which checks them again together with the members that are not JSON. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly server: { readonly host?: string; readonly port?: number; readonly drainDelayMs?: number; readonly drainMs?: number };
  readonly databaseUrl: string | null;
  /** Name of the variable that holds it, where the file does not: a file is seen by more people than a secret. */
  readonly databaseUrlKey: string | null;
  /** The same for `jobs.nats.servers`. */
  readonly natsUrlKey: string | null;
  /** Names of variables of this process's environment that `env` takes over. */
  readonly envKeys: readonly string[];
  /** The same for `secrets`. */
  readonly secretKeys: readonly string[];
  /** Name of the variable that holds the operator's token. */
  readonly adminTokenKey: string | null;
}

interface CheckedFile {
  readonly $schema?: string;
  readonly server?: ConfigFile['server'];
  readonly databaseUrl?: string;
  readonly databaseUrlKey?: string;
  readonly natsUrlKey?: string;
  readonly envKeys?: readonly string[];
  readonly secretKeys?: readonly string[];
  readonly adminTokenKey?: string;
  readonly extensions?: readonly (string | { readonly folder: string })[];
  readonly ledger?: { readonly file?: string | null };
  readonly lock?: string | { readonly file?: string } | null;
  readonly registry?: { readonly folder?: string } | null;
  readonly jobs?: string | { readonly nats: NatsOption };
}

const makeFilesAbsolute = (nats: NatsOption, folder: string): NatsOption => ({
  ...nats,
  ...Object.fromEntries(
    (['credentials', 'ca', 'certificate', 'key'] as const).flatMap((name) => {
      const file = nats[name];
      return file === undefined ? [] : [[name, path.resolve(folder, file)]];
    }),
  ),
});

/** Paths in the file are meant from the file's own folder, wherever the command was typed. */
const makeAbsolute = (checked: CheckedFile, folder: string): Pick<CheckedFile, 'extensions' | 'ledger' | 'lock' | 'registry' | 'jobs'> => {
  const extensions = checked.extensions?.map((entry) =>
    typeof entry === 'string' ? path.resolve(folder, entry) : { ...entry, folder: path.resolve(folder, entry.folder) },
  );
  const file = checked.ledger?.file;
  const { lock, registry, jobs } = checked;
  const lockFile = typeof lock === 'string' ? lock : lock?.file;
  return {
    ...(extensions === undefined ? {} : { extensions }),
    ...(typeof jobs === 'object' ? { jobs: { nats: makeFilesAbsolute(jobs.nats, folder) } } : {}),
    ...(typeof registry?.folder === 'string' ? { registry: { folder: path.resolve(folder, registry.folder) } } : {}),
    ...(lockFile === undefined
      ? {}
      : { lock: typeof lock === 'string' ? path.resolve(folder, lock) : { ...lock, file: path.resolve(folder, lockFile) } }),
    ...(checked.ledger === undefined
      ? {}
      : { ledger: typeof file === 'string' ? { ...checked.ledger, file: path.resolve(folder, file) } : checked.ledger }),
  };
};

/** `file` is where the text came from: it names the place of a mistake and anchors relative paths. */
export const parseConfigFile = (text: string, file: string, catalog: CapabilityCatalog): ConfigFile => {
  const value = parseJson(text, file, 'ERR_OPTIONS_INVALID');
  makeCheck(makeConfigFileSchema(catalog), 'ERR_OPTIONS_INVALID')(value, file);
  const {
    $schema: _,
    server,
    databaseUrl,
    databaseUrlKey,
    natsUrlKey,
    envKeys,
    secretKeys,
    adminTokenKey,
    ...options
  } = value as CheckedFile;
  return {
    options: { ...options, ...makeAbsolute(options, path.dirname(path.resolve(file))) },
    server: server ?? {},
    databaseUrl: databaseUrl ?? null,
    databaseUrlKey: databaseUrlKey ?? null,
    natsUrlKey: natsUrlKey ?? null,
    envKeys: envKeys ?? [],
    secretKeys: secretKeys ?? [],
    adminTokenKey: adminTokenKey ?? null,
  };
};
